// SPDX-License-Identifier: Apache-2.0
// Output FIFO: pixels of SIZE x SIZE maps become an AXI4-Stream with tuser on the first pixel of a frame and
// tlast on the last one of a row. The pipeline in front cannot be stopped, so the FIFO says early whether new
// work may begin.
//
// Timing. A pixel pushed into the empty FIFO in clock t is offered in clock t + 2. One pixel a clock passes
// when m_tready is 1. m_tdata is the memory's read register, which is read only when empty or handed over,
// and tuser and tlast follow counters that move at the handover: all three hold still while m_tvalid waits
// for m_tready.
//
// Invariants. `room` is 1 in the clocks in which the memory has MARGIN free places or more. With MARGIN the
// most pixels that can still come out of what has entered the pipeline by a clock with room, that clock
// included, there is a place for each of them: `overflow`, 1 in the clock after a pixel was lost, cannot
// happen. A word is never read in the clock in which it is written: an empty FIFO is not read, a full one not
// written. `frame_done`: in the clock before, the last pixel of a frame was handed over.
module ffe_output #(
  parameter SIZE = 8,
  parameter WIDTH = 64,
  parameter DEPTH = 16,
  parameter MARGIN = 8
) (
  input wire clk,
  input wire rst_n,
  input wire in_valid,
  input wire [WIDTH-1:0] in_pixel,
  output reg room,
  output wire [WIDTH-1:0] m_tdata,
  output reg m_tvalid,
  input wire m_tready,
  output wire m_tuser,
  output wire m_tlast,
  output reg overflow,
  output reg frame_done
);
  localparam INDEX = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam COUNT = $clog2(DEPTH + 1);
  localparam [31:0] LAST_INDEX = DEPTH - 1;
  localparam [31:0] FULL_COUNT = DEPTH;
  localparam [31:0] ROOM_COUNT = DEPTH - MARGIN;
  localparam [INDEX-1:0] LAST = LAST_INDEX[INDEX-1:0];
  localparam [COUNT-1:0] FULL = FULL_COUNT[COUNT-1:0];

  reg [INDEX-1:0] write_index, read_index;
  reg [COUNT-1:0] count;  // of pixels in the memory; one more is in its read register while m_tvalid
  wire accepted = in_valid && count != FULL;
  wire read = count != 0 && (!m_tvalid || m_tready);
  wire [COUNT-1:0] left = count - {{(COUNT - 1){1'b0}}, read};
  wire [COUNT-1:0] next_count = left + {{(COUNT - 1){1'b0}}, accepted};
  always @(posedge clk) begin
    if (!rst_n) begin
      write_index <= 0;
      read_index <= 0;
      count <= 0;
      room <= 1'b0;
      m_tvalid <= 1'b0;
      overflow <= 1'b0;
    end else begin
      if (accepted) write_index <= write_index == LAST ? {INDEX{1'b0}} : write_index + 1'b1;
      if (read) read_index <= read_index == LAST ? {INDEX{1'b0}} : read_index + 1'b1;
      count <= next_count;
      room <= next_count <= ROOM_COUNT[COUNT-1:0];
      if (read) m_tvalid <= 1'b1;
      else if (m_tready) m_tvalid <= 1'b0;
      overflow <= in_valid && !accepted;
    end
  end
  ffe_row_memory #(.WIDTH(WIDTH), .DEPTH(DEPTH)) memory (
    .clk(clk), .write(accepted), .write_address(write_index), .write_data(in_pixel),
    .read(read), .read_address(read_index), .read_data(m_tdata));

  wire handover = m_tvalid && m_tready;
  generate
    if (SIZE == 1) begin : single
      assign m_tuser = 1'b1;
      assign m_tlast = 1'b1;
      always @(posedge clk) begin
        if (!rst_n) frame_done <= 1'b0;
        else frame_done <= handover;
      end
    end else begin : rows
      localparam POSITION = $clog2(SIZE);
      localparam [31:0] LAST_POSITION = SIZE - 1;
      localparam [POSITION-1:0] END = LAST_POSITION[POSITION-1:0];
      reg [POSITION-1:0] row, col;
      assign m_tuser = row == 0 && col == 0;
      assign m_tlast = col == END;
      always @(posedge clk) begin
        if (!rst_n) begin
          row <= 0;
          col <= 0;
          frame_done <= 1'b0;
        end else begin
          if (handover) begin
            col <= m_tlast ? {POSITION{1'b0}} : col + 1'b1;
            if (m_tlast) row <= row == END ? {POSITION{1'b0}} : row + 1'b1;
          end
          frame_done <= handover && m_tlast && row == END;
        end
      end
    end
  endgenerate
endmodule
