// SPDX-License-Identifier: Apache-2.0
// Accumulators of pixels that wait for requantisers which take INTERVAL clocks a pixel, where pixels come
// faster for a while. DEPTH pixels of WIDTH bits.
//
// Timing. `push` comes with `sums`, and with `push_commit` if the pixel is the first of a frame whose
// parameters are to be new. A pixel leaves (`pop`) one clock after its push or later, and INTERVAL clocks or
// more after the one before it. `acc` and `start` are there the clock after the pop, and `acc` holds still
// for INTERVAL clocks at least: the memory's read register is not read again before. `commit` is 1 in the
// clock of the pop, the one before `start`, in which the requantisers can still be at the last channel of the
// pixel before, with the old parameters.
//
// Invariants. At most one commit waits here: the registers accept no other one until the last convolution has
// taken it. A word is never read in the clock in which it is written: an empty FIFO is not read, a full one
// not written. `overflow`: in the clock before, a pixel came when the FIFO was full, and was lost; the plan's
// DEPTH is such that it cannot happen.
module ffe_accumulator_fifo #(
  parameter WIDTH = 64,
  parameter DEPTH = 8,
  parameter INTERVAL = 4
) (
  input wire clk,
  input wire rst_n,
  input wire push,
  input wire push_commit,
  input wire [WIDTH-1:0] sums,
  output reg start,
  output wire commit,
  output wire [WIDTH-1:0] acc,
  output reg overflow
);
  localparam INDEX = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam COUNT = $clog2(DEPTH + 1);
  localparam [31:0] LAST_INDEX = DEPTH - 1;
  localparam [31:0] FULL_COUNT = DEPTH;
  localparam [INDEX-1:0] LAST = LAST_INDEX[INDEX-1:0];
  localparam [COUNT-1:0] FULL = FULL_COUNT[COUNT-1:0];

  reg [INDEX-1:0] write_index, read_index;
  reg [COUNT-1:0] count;
  wire busy;  // INTERVAL clocks have not passed since the last pop
  wire accepted = push && count != FULL;
  wire pop = count != 0 && !busy;
  wire [COUNT-1:0] left = count - {{(COUNT - 1){1'b0}}, pop};  // of those that came before this clock
  always @(posedge clk) begin
    if (!rst_n) begin
      write_index <= 0;
      read_index <= 0;
      count <= 0;
      start <= 1'b0;
      overflow <= 1'b0;
    end else begin
      if (accepted) write_index <= write_index == LAST ? {INDEX{1'b0}} : write_index + 1'b1;
      if (pop) read_index <= read_index == LAST ? {INDEX{1'b0}} : read_index + 1'b1;
      if (accepted || pop) count <= accepted ? left + 1'b1 : left;
      start <= pop;
      overflow <= push && !accepted;
    end
  end

  generate
    if (INTERVAL > 1) begin : shared_multipliers
      localparam [31:0] PAUSE = INTERVAL - 1;
      reg [$clog2(INTERVAL)-1:0] pause;
      always @(posedge clk) begin
        if (!rst_n) pause <= 0;
        else if (pop) pause <= PAUSE[$clog2(INTERVAL)-1:0];
        else if (pause != 0) pause <= pause - 1'b1;
      end
      assign busy = pause != 0;
    end else begin : own_multipliers
      assign busy = 1'b0;
    end
  endgenerate

  reg commit_waits;
  reg [COUNT-1:0] ahead;  // pixels that leave before the one that commits
  assign commit = pop && commit_waits && ahead == 0;
  always @(posedge clk) begin
    if (!rst_n) commit_waits <= 1'b0;
    else if (accepted && push_commit) commit_waits <= 1'b1;
    else if (commit) commit_waits <= 1'b0;
    if (accepted && push_commit) ahead <= left;
    else if (pop) ahead <= ahead - 1'b1;
  end

  ffe_row_memory #(.WIDTH(WIDTH), .DEPTH(DEPTH)) memory (
    .clk(clk), .write(accepted), .write_address(write_index), .write_data(sums),
    .read(pop), .read_address(read_index), .read_data(acc));
endmodule
