// SPDX-License-Identifier: Apache-2.0
// Control registers and batch-norm parameters behind an AXI4-Lite port of 32 bits. Byte addresses:
//   0x00 ID          "FXNN"                           0x14 STATUS      write 1 to clear, see `events`
//   0x04 VERSION     of this map                      0x18 FRAMES_IN   begun
//   0x08 WEIGHTS     start of the weights' SHA-256    0x1C FRAMES_OUT  given at m_axis
//   0x0C SHAPE       {layers, tap layer, size}        0x20 FRAMES_BAD  of wrong geometry, filled up
//   0x10 CONTROL     COMMIT, MAIN_OFF, TAP_ON,        0x24 FRAMES_TAP  given at tap_axis
//                    MAIN_WAITS (only read)
// and, in the upper half, PARAMETERS: {1, convolution, channel, 0: M or 1: B, 00}, to be written only.
// Anything else, addresses that are no multiple of 4 and writes to registers that only read are answered
// SLVERR.
//
// COMMIT = 1 asks that the parameters written so far take effect at the start of the next frame. It reads as
// 1 (commit_pending) from then until commit_done, when the last convolution has them or the tap keeps them
// from the layers behind it. In the meantime, or without all byte strobes, a write of a parameter is refused:
// SLVERR, and STATUS bit 6. So what waits to be committed never changes. CONTROL and STATUS need the strobe
// of their lowest byte. MAIN_OFF and TAP_ON are 0 where there is no tap; ffe_gate says when they act.
// Parameters are undefined after reset until written and committed. A channel that a convolution lacks is
// none of its requantisers' own: the write is accepted and ignored.
//
// Timing. One write and one read at a time. Address and data of a write may come in any order; it is done in
// the clock in which both are held (`act`), s_axil_bvalid follows in the next one, and so does `write`, one
// bit a convolution, with write_bias, write_channel and write_data, which hold still that long: the registers
// that they come from take the next address and data in that clock at the earliest. Nothing is accepted in a
// clock with rst_n low, where it would be forgotten: the ready outputs fall with rst_n.
module ffe_registers #(
  parameter CONVS = 3,
  parameter CONV_BITS = 2,
  parameter CHANNEL_BITS = 6,  // CONV_BITS + CHANNEL_BITS >= 3, so that the lower half holds the registers
  parameter [31:0] VERSION = 1,
  parameter [31:0] WEIGHTS = 0,
  parameter LAYERS = 1,
  parameter TAP = 0,  // 0: none
  parameter SIZE = 32
) (
  input wire clk,
  input wire rst_n,
  input wire [CONV_BITS+CHANNEL_BITS+3:0] s_axil_awaddr,
  input wire s_axil_awvalid,
  output wire s_axil_awready,
  input wire [31:0] s_axil_wdata,
  input wire [3:0] s_axil_wstrb,
  input wire s_axil_wvalid,
  output wire s_axil_wready,
  output reg [1:0] s_axil_bresp,
  output reg s_axil_bvalid,
  input wire s_axil_bready,
  input wire [CONV_BITS+CHANNEL_BITS+3:0] s_axil_araddr,
  input wire s_axil_arvalid,
  output wire s_axil_arready,
  output reg [31:0] s_axil_rdata,
  output reg [1:0] s_axil_rresp,
  output reg s_axil_rvalid,
  input wire s_axil_rready,
  output reg [CONVS-1:0] write,
  output wire write_bias,
  output wire [CHANNEL_BITS-1:0] write_channel,
  output wire [31:0] write_data,
  output reg commit_request,  // until commit_taken, by a frame's first pixel
  input wire commit_taken,
  input wire commit_done,
  output wire commit_pending,
  output reg main_off,
  output reg tap_on,
  input wire main_waits,
  // Pulses: {accumulator FIFO overflow, line buffer overrun, output overflow, missing_start, bad_row,
  // early_start}
  input wire [5:0] events,
  input wire frame_in,
  input wire frame_out,
  input wire frame_bad,
  /* verilator lint_off UNUSEDSIGNAL */  // without a tap
  input wire frame_tap
  /* verilator lint_on UNUSEDSIGNAL */
);
  localparam ADDRESS = CONV_BITS + CHANNEL_BITS + 4;
  localparam [31:0] SHAPE = LAYERS << 24 | TAP << 16 | SIZE;
  localparam [1:0] OKAY = 2'b00, SLVERR = 2'b10;
  localparam [ADDRESS-2:0] CONTROL = 'h10, STATUS = 'h14;

  reg address_held, data_held;
  reg [ADDRESS-1:0] address;
  reg [31:0] data;
  reg [3:0] strobes;
  assign s_axil_awready = rst_n && !address_held;
  assign s_axil_wready = rst_n && !data_held;
  wire act = address_held && data_held && (!s_axil_bvalid || s_axil_bready);
  always @(posedge clk) begin
    if (!rst_n) begin
      address_held <= 1'b0;
      data_held <= 1'b0;
    end else begin
      if (act || s_axil_awready) address_held <= s_axil_awvalid && s_axil_awready;
      if (act || s_axil_wready) data_held <= s_axil_wvalid && s_axil_wready;
    end
    if (s_axil_awvalid && s_axil_awready) address <= s_axil_awaddr;
    if (s_axil_wvalid && s_axil_wready) {strobes, data} <= {s_axil_wstrb, s_axil_wdata};
  end

  // What the held write is.
  reg pending;  // a commit was asked for and is not done
  assign commit_pending = pending;
  wire is_parameter = address[ADDRESS-1];
  wire [CONV_BITS-1:0] conv = address[CHANNEL_BITS+3+:CONV_BITS];
  wire [31:0] conv_number = {{(32 - CONV_BITS){1'b0}}, conv};
  wire parameter_ok = address[1:0] == 2'b00 && conv_number < CONVS && strobes == 4'b1111 && !pending;
  wire is_control = !is_parameter && address[ADDRESS-2:0] == CONTROL;
  wire is_status = !is_parameter && address[ADDRESS-2:0] == STATUS;
  wire set_control = act && is_control && strobes[0];
  wire [6:0] clear = {7{act && is_status && strobes[0]}} & data[6:0];
  assign write_bias = address[2];
  assign write_channel = address[3+:CHANNEL_BITS];
  assign write_data = data;
  integer i;
  always @(posedge clk) begin
    if (!rst_n) begin
      write <= {CONVS{1'b0}};
      s_axil_bvalid <= 1'b0;
    end else begin
      for (i = 0; i < CONVS; i = i + 1) write[i] <= act && is_parameter && parameter_ok && conv_number == i;
      if (act) s_axil_bvalid <= 1'b1;
      else if (s_axil_bready) s_axil_bvalid <= 1'b0;
    end
    if (act) s_axil_bresp <= (is_parameter ? parameter_ok : is_control || is_status) ? OKAY : SLVERR;
  end

  reg [6:0] status;
  always @(posedge clk) begin
    if (!rst_n) begin
      status <= 7'b0;
      {main_off, tap_on, pending, commit_request} <= 4'b0;
    end else begin
      status <= (status & ~clear) | {act && is_parameter && !parameter_ok, events};
      if (set_control) {tap_on, main_off} <= data[2:1] & {2{TAP != 0}};
      if (set_control && data[0] && !pending) {pending, commit_request} <= 2'b11;
      else begin
        if (commit_done) pending <= 1'b0;
        if (commit_taken) commit_request <= 1'b0;
      end
    end
  end

  reg [31:0] frames_in, frames_out, frames_bad;
  wire [31:0] frames_tap;
  always @(posedge clk) begin
    if (!rst_n) {frames_in, frames_out, frames_bad} <= 96'b0;
    else begin
      if (frame_in) frames_in <= frames_in + 1'b1;
      if (frame_out) frames_out <= frames_out + 1'b1;
      if (frame_bad) frames_bad <= frames_bad + 1'b1;
    end
  end
  generate
    if (TAP != 0) begin : with_tap
      reg [31:0] frames;
      always @(posedge clk) begin
        if (!rst_n) frames <= 32'b0;
        else if (frame_tap) frames <= frames + 1'b1;
      end
      assign frames_tap = frames;
    end else begin : without_tap
      assign frames_tap = 32'b0;
    end
  endgenerate

  assign s_axil_arready = rst_n && !s_axil_rvalid;
  wire accept_read = s_axil_arvalid && s_axil_arready;
  always @(posedge clk) begin
    if (!rst_n) s_axil_rvalid <= 1'b0;
    else if (accept_read) s_axil_rvalid <= 1'b1;
    else if (s_axil_rready) s_axil_rvalid <= 1'b0;
    if (accept_read) begin
      s_axil_rresp <= OKAY;
      case (s_axil_araddr)
        'h00: s_axil_rdata <= 32'h4E4E5846;
        'h04: s_axil_rdata <= VERSION;
        'h08: s_axil_rdata <= WEIGHTS;
        'h0C: s_axil_rdata <= SHAPE;
        'h10: s_axil_rdata <= {28'b0, main_waits, tap_on, main_off, pending};
        'h14: s_axil_rdata <= {25'b0, status};
        'h18: s_axil_rdata <= frames_in;
        'h1C: s_axil_rdata <= frames_out;
        'h20: s_axil_rdata <= frames_bad;
        'h24: s_axil_rdata <= frames_tap;
        default: begin
          s_axil_rdata <= 32'b0;
          s_axil_rresp <= SLVERR;
        end
      endcase
    end
  end
endmodule
