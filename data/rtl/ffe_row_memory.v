// SPDX-License-Identifier: Apache-2.0
// A memory with one write port and one read port on one clock: DEPTH words of WIDTH bits.
//
// Timing: a word written in clock t can be read from clock t + 1 on. The word that is addressed in a clock
// with `read` is on read_data from the next clock on, until the next read: read_data is a register.
//
// Invariant: no module of the FFE reads a word in the clock in which it writes the same word (each says why),
// so any macro with a port of each kind can take this module's place, whatever it does in that case; this
// description returns the old word. Addresses stay below DEPTH. Nothing is reset: words are written before
// they are read, or what is read is masked.
module ffe_row_memory #(
  parameter WIDTH = 8,
  parameter DEPTH = 16
) (
  input wire clk,
  input wire write,
  input wire [(DEPTH > 1 ? $clog2(DEPTH) : 1)-1:0] write_address,
  input wire [WIDTH-1:0] write_data,
  input wire read,
  input wire [(DEPTH > 1 ? $clog2(DEPTH) : 1)-1:0] read_address,
  output reg [WIDTH-1:0] read_data
);
  reg [WIDTH-1:0] words[0:DEPTH-1];
  always @(posedge clk) begin
    if (write) words[write_address] <= write_data;
    if (read) read_data <= words[read_address];
  end
endmodule
