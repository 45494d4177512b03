// SPDX-License-Identifier: Apache-2.0
// The tap: gives whole frames of PIXELS pixels to tap_axis, to the layers behind (the main branch), to both
// or to none.
//
// Timing: none of its own. The outputs but main_waits are those of in_valid and in_commit in the same clock,
// held back or not. What a frame's first pixel finds holds for the whole frame.
//
// Switches. tap_on and main_off are what was written last. While a commit is pending in front of this place,
// frames go where those went that were there before it was asked for; the frame that carries the commit is
// the first for the new switches. So a commit and switches that are written with it change the same frame.
//
// Commits. A commit that comes with a frame which does not pass ends here (commit_kept), so that tasks that
// read only the tap can change parameters as often as they like. The layers behind then have older parameters
// than those in front (main_waits), and no frame passes until one that carries a commit does: shadow registers
// hold all that was ever written, so that one commit brings the layers behind up to date.
//
// Why no frame is computed with two sets: frames keep their order, at most one commit is on its way, and
// shadow registers hold still while it is. In front of this place every commit arrives. Behind it a frame
// passes only if it carries a commit, or if the last commit in front passed too (!main_waits): in both cases
// the layers behind compute it with the set of the layers in front.
module ffe_gate #(
  parameter PIXELS = 64
) (
  input wire clk,
  input wire rst_n,
  input wire tap_on,
  input wire main_off,
  input wire commit_pending,  // from the request until it has arrived or is kept
  input wire in_valid,
  input wire in_commit,
  output wire tap_valid,
  output wire main_valid,
  output wire main_commit,
  output wire commit_kept,
  output reg main_waits
);
  wire first;  // the next pixel is a frame's first
  generate
    if (PIXELS > 1) begin : whole_frames
      localparam INDEX = $clog2(PIXELS);
      localparam [31:0] LAST_INDEX = PIXELS - 1;
      reg [INDEX-1:0] position;
      always @(posedge clk) begin
        if (!rst_n) position <= 0;
        else if (in_valid) position <= position == LAST_INDEX[INDEX-1:0] ? {INDEX{1'b0}} : position + 1'b1;
      end
      assign first = position == 0;
    end else begin : single_pixels
      assign first = 1'b1;
    end
  endgenerate
  wire begins = in_valid && first;
  wire commits = begins && in_commit;

  reg commit_behind;             // the pending commit has been here
  reg old_tap_on, old_main_off;  // the switches of frames ahead of it
  wire commit_ahead = commit_pending && !commit_behind;
  wire old = commit_ahead && !commits;
  wire to_tap = old ? old_tap_on : tap_on;
  wire to_main = !(old ? old_main_off : main_off) && (!main_waits || commits);
  // Reset takes the pending commit away; within a clock these three follow.
  always @(posedge clk) begin
    commit_behind <= commit_pending && (commit_behind || commits);
    if (!commit_ahead) {old_tap_on, old_main_off} <= {tap_on, main_off};
  end

  reg tap_passes, main_passes;  // of the frame whose first pixel has been here
  assign tap_valid = in_valid && (first ? to_tap : tap_passes);
  assign main_valid = in_valid && (first ? to_main : main_passes);
  assign main_commit = commits && to_main;
  assign commit_kept = commits && !to_main;
  always @(posedge clk) begin
    if (begins) {tap_passes, main_passes} <= {to_tap, to_main};
    if (!rst_n) main_waits <= 1'b0;
    else if (commits) main_waits <= !to_main;
  end
endmodule
