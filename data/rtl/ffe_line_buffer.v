// SPDX-License-Identifier: Apache-2.0
// Feeds the 3x3 window (ffe_window) of a convolution over SIZE x SIZE maps with pixels in raster order.
//
// Timing. A pixel at raster position p = row * SIZE + col that arrives in clock t is on `column`, below the
// two above it, with `shift` in clock t + 1. In clock t + 2 the window's centre is position p - SIZE - 1, and
// `valid` is 1 if there is an output: centre = STRIDE * o + 1 - PAD_BEFORE in both directions. row_ok and
// col_ok (bit k: row or column k of the window is in the map) belong to the window's contents. `commit` comes
// with output (0, 0) of a frame whose first pixel came with in_commit.
//
// Memories. Two rows, which rows of pixels alternate between, over frames too: the one that the present row
// (`target`) goes into holds the row two above from the present column on. A pixel is written in the clock
// after it arrives, when the next one is read, which is another address as SIZE >= 2.
//
// Flush. The last SIZE + 1 centres have no pixel of their frame to bring them: steps 0 .. SIZE do, as pixels
// of a row below the frame would, without writing. Step k reads column k, step SIZE nothing. A step is taken
//  - by the timer: step 0 max(FLUSH_DELAY, PACE) clocks after the frame's last pixel, each other one PACE
//    clocks after the one before, or as soon after that as `go` is 1;
//  - by the next frame, whose pixel k takes step k along if it is not done.
// So step k is done when pixel k comes, whenever that is. Row 0 of a frame, which neither shifts nor reads of
// its own (it is read again with row 1), overwrites nothing that the flush still reads; and the flush is over
// when pixel SIZE, the first to shift, comes. That pixel and step SIZE may be one shift: the column that
// enters is out of the map for the old frame's last centre and column 0 for the new frame.
//
// Pace. If pixels are PACE clocks apart, so are centres: timed steps by the timer; a step that pixel k takes
// since the step before was taken when pixel k - 1 came, at the latest; centre 0 since it comes with pixel
// SIZE + 1. So outputs of a row are STRIDE * PACE apart. So are those of different rows if STRIDE is 2 and
// SIZE even, as the first row of centres has none. If SIZE is odd (AHEAD), a frame's last centre and the next
// one's first are both outputs; there the flush is a step ahead: step 0, whose centre is no output, follows
// the frame's last pixel in the next clock, without `go`, and pixel k takes step k + 1. With PACE 1 this
// needs a clock without a pixel between frames, which ffe_input leaves.
//
// SIZE 1: a pixel is a frame and no row is needed. Two shifts bring it to the centre, and `valid` is 1 in
// clock t + 3, without `go`: outputs are as far apart as pixels are.
//
// `overrun`: the pixel in the clock before came too soon. It cannot happen; what follows would be wrong.
module ffe_line_buffer #(
  parameter SIZE = 8,
  parameter CHANNELS = 3,
  parameter BITS = 8,
  parameter STRIDE = 1,
  parameter PAD_BEFORE = 1,
  parameter PACE = 1,
  parameter FLUSH_DELAY = 1
) (
  input wire clk,
  input wire rst_n,
  /* verilator lint_off UNUSEDSIGNAL */  // without flush, SIZE 1
  input wire go,
  /* verilator lint_on UNUSEDSIGNAL */
  input wire in_valid,
  input wire in_commit,
  input wire [CHANNELS*BITS-1:0] in_pixel,
  output wire [3*CHANNELS*BITS-1:0] column,
  output reg shift,
  output reg valid,
  output reg commit,
  output wire [2:0] row_ok,
  output wire [2:0] col_ok,
  output reg overrun
);
  localparam PIXEL = CHANNELS * BITS;
  localparam AHEAD = STRIDE == 2 && SIZE % 2 == 1;

  reg [PIXEL-1:0] pixel;  // the one that arrived last
  always @(posedge clk) begin
    if (in_valid) pixel <= in_pixel;
  end

  wire early;   // PACE clocks have not passed since the last pixel
  wire behind;  // step 0 of a flush ahead is not done
  always @(posedge clk) begin
    if (!rst_n) overrun <= 1'b0;
    else overrun <= in_valid && (early || behind);
  end

  generate
    if (PACE > 1) begin : paced
      localparam [31:0] PACE_START = PACE - 1;
      reg [$clog2(PACE)-1:0] left;
      always @(posedge clk) begin
        if (!rst_n) left <= 0;
        else if (in_valid) left <= PACE_START[$clog2(PACE)-1:0];
        else if (left != 0) left <= left - 1'b1;
      end
      assign early = left != 0;
    end else begin : unpaced
      assign early = 1'b0;
    end

    if (SIZE == 1) begin : single
      reg [1:0] arrived, committed;
      always @(posedge clk) begin
        if (!rst_n) {arrived, committed, shift, valid, commit} <= 7'b0;
        else begin
          arrived <= {arrived[0], in_valid};
          committed <= {committed[0], in_valid && in_commit};
          shift <= in_valid || arrived[0];
          valid <= arrived[1];
          commit <= committed[1];
        end
      end
      assign behind = 1'b0;
      assign column = {3{pixel}};
      assign row_ok = 3'b010;
      assign col_ok = 3'b010;
    end else begin : rows
      localparam INDEX = $clog2(SIZE);
      localparam [31:0] LAST_INDEX = SIZE - 1;
      localparam [31:0] FIRST_CENTRE = 1 - PAD_BEFORE;
      localparam [INDEX-1:0] LAST = LAST_INDEX[INDEX-1:0];
      localparam [INDEX-1:0] FIRST = FIRST_CENTRE[INDEX-1:0];

      // Where the next pixel belongs.
      reg [INDEX-1:0] in_row, in_col;
      reg target;   // the memory of its row
      reg started;  // its frame's position SIZE has arrived: every further pixel brings a centre
      wire row_end = in_valid && in_col == LAST;
      wire frame_end = row_end && in_row == LAST;
      always @(posedge clk) begin
        if (!rst_n) begin
          in_row <= 0;
          in_col <= 0;
          target <= 1'b0;
          started <= 1'b0;
        end else if (in_valid) begin
          in_col <= row_end ? {INDEX{1'b0}} : in_col + 1'b1;
          started <= in_row != 0 && !frame_end;
          if (row_end) begin
            in_row <= frame_end ? {INDEX{1'b0}} : in_row + 1'b1;
            target <= !target;
          end
        end
      end

      // The next centre, and the step that brings it while `flushing`.
      reg [INDEX-1:0] centre_row, centre_col;
      reg flushing;
      wire first_step = centre_row != LAST;
      wire last_step = centre_row == LAST && centre_col == LAST;
      wire [INDEX-1:0] step_col = centre_col == LAST ? {INDEX{1'b0}} : centre_col + 1'b1;
      wire due;  // by the timer
      wire forced = in_valid && (AHEAD ? !first_step && centre_col == in_col
                                       : (last_step ? in_row != 0 : step_col == in_col));
      wire unconditional = AHEAD && first_step;
      wire step = flushing && (due || forced || unconditional);
      wire moved = step || (in_valid && started);
      assign behind = flushing && unconditional;
      always @(posedge clk) begin
        if (!rst_n) begin
          centre_row <= 0;
          centre_col <= 0;
          flushing <= 1'b0;
        end else begin
          if (moved) begin
            centre_col <= step_col;
            if (centre_col == LAST) centre_row <= centre_row == LAST ? {INDEX{1'b0}} : centre_row + 1'b1;
          end
          if (frame_end) flushing <= 1'b1;
          else if (step && last_step) flushing <= 1'b0;
        end
      end

      localparam DELAY = FLUSH_DELAY > PACE ? FLUSH_DELAY : PACE;
      localparam TIMER = DELAY > 1 ? $clog2(DELAY) : 1;
      localparam [31:0] FIRST_WAIT = DELAY - 1;
      localparam [31:0] NEXT_WAIT = PACE - 1;
      reg [TIMER-1:0] timer;
      always @(posedge clk) begin
        if (!rst_n) timer <= 0;
        else if (frame_end) timer <= FIRST_WAIT[TIMER-1:0];
        else if (step && !unconditional) timer <= NEXT_WAIT[TIMER-1:0];
        else if (timer != 0) timer <= timer - 1'b1;
      end
      assign due = timer == 0 && go && !unconditional;

      // Clock t + 1: what was read, beside the pixel, which is written now.
      reg arrived, target_r1;
      reg [INDEX-1:0] in_col_r1;
      always @(posedge clk) begin
        if (!rst_n) begin
          arrived <= 1'b0;
          shift <= 1'b0;
        end else begin
          arrived <= in_valid;
          shift <= step || (in_valid && in_row != 0);
        end
        if (in_valid) in_col_r1 <= in_col;
        if (in_valid || step) target_r1 <= target;
      end
      wire read = in_row == 0 ? step && !last_step : in_valid;
      wire [INDEX-1:0] read_col = in_row == 0 ? step_col : in_col;
      wire [PIXEL-1:0] stored0, stored1;
      ffe_row_memory #(.WIDTH(PIXEL), .DEPTH(SIZE)) memory0 (
        .clk(clk), .write(arrived && !target_r1), .write_address(in_col_r1), .write_data(pixel),
        .read(read), .read_address(read_col), .read_data(stored0));
      ffe_row_memory #(.WIDTH(PIXEL), .DEPTH(SIZE)) memory1 (
        .clk(clk), .write(arrived && target_r1), .write_address(in_col_r1), .write_data(pixel),
        .read(read), .read_address(read_col), .read_data(stored1));
      assign column = target_r1 ? {pixel, stored0, stored1} : {pixel, stored1, stored0};

      // The frame that arrives keeps its commit until the frame before it has left the window.
      reg commit_next, commit_now;
      always @(posedge clk) begin
        if (in_valid && in_row == 0 && in_col == 0) commit_next <= in_commit;
        if (in_valid && in_row != 0 && !started) commit_now <= commit_next;
      end

      // Clocks t + 1 and t + 2: the centre's facts, beside the shift and then the window.
      wire is_output = STRIDE == 1 || (centre_row[0] == FIRST[0] && centre_col[0] == FIRST[0]);
      reg valid_r1, commit_r1;
      reg [3:0] inner_r1, inner;  // there is a row below, a column right, a row above, a column left
      always @(posedge clk) begin
        if (!rst_n) {valid_r1, commit_r1, valid, commit} <= 4'b0;
        else begin
          valid_r1 <= moved && is_output;
          commit_r1 <= moved && centre_row == FIRST && centre_col == FIRST && commit_now;
          valid <= valid_r1;
          commit <= commit_r1;
        end
        if (moved) inner_r1 <= {centre_row != LAST, centre_col != LAST, centre_row != 0, centre_col != 0};
        if (shift) inner <= inner_r1;
      end
      // Without padding before, outputs have a row above and a column left: constants, which need no gates.
      assign row_ok = {inner[3], 1'b1, PAD_BEFORE == 0 || inner[1]};
      assign col_ok = {inner[2], 1'b1, PAD_BEFORE == 0 || inner[0]};
    end
  endgenerate
endmodule
