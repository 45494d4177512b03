// SPDX-License-Identifier: Apache-2.0
// Input stage: an AXI4-Stream of RGB pixels (tdata: R in bits 7:0, G in 15:8, B in 23:16; tuser on the first
// pixel of a frame, tlast on the last one of a row) becomes codes, value - 128, of whole SIZE x SIZE frames.
//
// Timing. Words wait in a slice of two entries, so that s_axis_tready is a register, but for rst_n: a word
// that were taken in the clock in which reset begins would be forgotten. A pixel that leaves the slice in
// clock t, in which `go` is 1, is on `pixel` with `valid` in clock t + 1. One pixel a clock passes; where SIZE
// is odd one clock without a pixel follows each frame (ffe_line_buffer says why).
//
// Every word with tuser that is taken begins a frame, and every frame that begins is made whole, whatever
// comes:
//  - a word with tuser inside a frame: `early_start`. It waits until the frame is filled up, then begins its
//    own;
//  - tlast missing at the end of a row, or elsewhere: `bad_row`. The word still counts as a pixel, the frame
//    is filled up, and words are discarded until one with tuser comes;
//  - a word without tuser between frames: `missing_start`, and the same discarding.
// Filling up gives code 0 and needs `go`, but no words; discarding needs neither, so nothing here waits for
// what may never come. The three are pulses, in the clock after they are found; `frame_bad` comes with the
// first two, once a frame, because filling ends with the frame. `frame_started` comes with a frame's first
// pixel.
//
// `commit` is commit_request, sampled with the first pixel of a frame; it is also the answer to the request,
// which falls in the clock after: before the next frame can begin.
module ffe_input #(
  parameter SIZE = 8
) (
  input wire clk,
  input wire rst_n,
  input wire [23:0] s_axis_tdata,
  input wire s_axis_tuser,
  input wire s_axis_tlast,
  input wire s_axis_tvalid,
  output wire s_axis_tready,
  input wire go,
  input wire commit_request,
  output reg valid,
  output reg commit,
  output reg [23:0] pixel,
  output reg frame_started,
  output reg frame_bad,
  output reg early_start,
  output reg bad_row,
  output reg missing_start
);
  // The slice: `head` is looked at below; `spare` is filled when head is not taken.
  wire word_taken;
  wire word_comes = s_axis_tvalid && s_axis_tready;
  reg head_valid, spare_valid, slice_ready;
  assign s_axis_tready = rst_n && slice_ready;
  reg [25:0] head, spare;
  wire spare_kept = head_valid && !word_taken && (spare_valid || word_comes);
  always @(posedge clk) begin
    if (!rst_n) begin
      head_valid <= 1'b0;
      spare_valid <= 1'b0;
      slice_ready <= 1'b0;
    end else begin
      head_valid <= word_comes || spare_valid || (head_valid && !word_taken);
      spare_valid <= spare_kept;
      slice_ready <= !spare_kept;
    end
    if (!head_valid || word_taken) head <= spare_valid ? spare : {s_axis_tlast, s_axis_tuser, s_axis_tdata};
    if (word_comes) spare <= {s_axis_tlast, s_axis_tuser, s_axis_tdata};
  end
  wire head_last = head[25];
  wire head_user = head[24];

  // Where the next pixel belongs.
  wire at_start, at_row_end, at_frame_end;
  wire push;
  generate
    if (SIZE == 1) begin : single
      assign at_start = 1'b1;
      assign at_row_end = 1'b1;
      assign at_frame_end = 1'b1;
    end else begin : rows
      localparam INDEX = $clog2(SIZE);
      localparam [31:0] LAST_INDEX = SIZE - 1;
      localparam [INDEX-1:0] LAST = LAST_INDEX[INDEX-1:0];
      reg [INDEX-1:0] row, col;
      always @(posedge clk) begin
        if (!rst_n) begin
          row <= 0;
          col <= 0;
        end else if (push) begin
          col <= at_row_end ? {INDEX{1'b0}} : col + 1'b1;
          if (at_row_end) row <= at_frame_end ? {INDEX{1'b0}} : row + 1'b1;
        end
      end
      assign at_start = row == 0 && col == 0;
      assign at_row_end = col == LAST;
      assign at_frame_end = row == LAST && at_row_end;
    end
  endgenerate

  reg filling;  // up the present frame; never at_start
  reg lost;     // a word with tuser is the next that counts
  reg gap;      // the clock after a frame of odd size
  wire may_push = go && !gap;
  wire due = head_valid && !filling && head_user == at_start;  // the word is the pixel that should come
  wire early = head_valid && !filling && head_user && !at_start;
  wire stray = head_valid && !head_user && (at_start || lost);
  wire wrong_end = due && may_push && head_last != at_row_end;
  assign push = may_push && (filling || due);
  assign word_taken = (due && may_push) || stray;
  always @(posedge clk) begin
    if (!rst_n) begin
      filling <= 1'b0;
      lost <= 1'b0;
      gap <= 1'b0;
    end else begin
      filling <= (filling || early || wrong_end) && !(push && at_frame_end);
      if (wrong_end || stray) lost <= 1'b1;
      else if (due && may_push && at_start) lost <= 1'b0;
      gap <= SIZE % 2 == 1 && push && at_frame_end;
    end
  end

  always @(posedge clk) begin
    if (!rst_n) begin
      {valid, commit, frame_started, frame_bad, early_start, bad_row, missing_start} <= 7'b0;
    end else begin
      valid <= push;
      commit <= push && at_start && commit_request;
      frame_started <= push && at_start;
      frame_bad <= early || wrong_end;
      early_start <= early;
      bad_row <= wrong_end;
      missing_start <= stray && !lost;
    end
    // Minus 128: the highest bit of each byte is the other one.
    if (push) pixel <= filling ? 24'd0 : head[23:0] ^ 24'h808080;
  end
endmodule
