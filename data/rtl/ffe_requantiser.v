// SPDX-License-Identifier: Apache-2.0
// Programmable batch norm, ReLU6 and quantisation of CHANNELS channels, which share one multiplier:
//   code = clamp((acc * M + B) >>> SHIFT, 0, 2^OUT_BITS - 1)
// In the clock in which `start` is 1 the accumulators are new; they must hold still for CHANNELS clocks, and
// the next `start` comes CHANNELS clocks later at the earliest. `done` is 1 in the clock in which the last
// code is there. M (signed, 16 bits) and B (signed, 32 bits) are written into shadow registers at any time
// and take effect together with `commit`, at the start of a frame.
module ffe_requantiser #(
  parameter CHANNELS = 1,
  parameter ACC_BITS = 18,
  parameter OUT_BITS = 8,
  parameter SHIFT = 16,
  parameter FIRST_CHANNEL = 0,
  parameter ADDRESS_BITS = 8
) (
  input wire clk,
  input wire rst_n,
  input wire start,
  input wire [CHANNELS*ACC_BITS-1:0] acc,
  input wire commit,
  input wire write,
  input wire write_bias,
  input wire [ADDRESS_BITS-1:0] write_channel,
  input wire [31:0] write_data,
  output wire [CHANNELS*OUT_BITS-1:0] codes,
  output reg done
);
  localparam PRODUCT_BITS = ACC_BITS + 16;
  localparam SUM_BITS = (PRODUCT_BITS > 32 ? PRODUCT_BITS : 32) + 1;
  localparam CODE_BITS = SUM_BITS - SHIFT;

  // walk[i]: channel i has the multiplier.
  wire [CHANNELS-1:0] walk;
  assign walk[0] = start;
  generate
    if (CHANNELS > 1) begin : shared
      reg [CHANNELS-1:1] later;
      always @(posedge clk) begin
        if (!rst_n) later <= {(CHANNELS - 1){1'b0}};
        else later <= walk[CHANNELS-2:0];
      end
      assign walk[CHANNELS-1:1] = later;
    end
  endgenerate
  always @(posedge clk) begin
    if (!rst_n) done <= 1'b0;
    else done <= walk[CHANNELS-1];
  end

  wire [CHANNELS*16-1:0] multipliers;
  wire [CHANNELS*32-1:0] biases;
  genvar c;
  generate
    for (c = 0; c < CHANNELS; c = c + 1) begin : parameters
      localparam [31:0] CHANNEL = FIRST_CHANNEL + c;
      wire mine = write && write_channel == CHANNEL[ADDRESS_BITS-1:0];
      reg [15:0] shadow_multiplier, multiplier;
      reg [31:0] shadow_bias, bias;
      always @(posedge clk) begin
        if (mine && !write_bias) shadow_multiplier <= write_data[15:0];
        if (mine && write_bias) shadow_bias <= write_data;
        if (commit) begin
          multiplier <= shadow_multiplier;
          bias <= shadow_bias;
        end
      end
      assign multipliers[c*16+:16] = multiplier;
      assign biases[c*32+:32] = bias;
    end
  endgenerate

  // Selection by AND-OR: an input and a half gate a bit, where a tree of multiplexers needs more.
  reg [ACC_BITS-1:0] acc_now;
  reg [15:0] multiplier_now;
  reg [31:0] bias_now;
  integer i;
  always @* begin
    acc_now = {ACC_BITS{1'b0}};
    multiplier_now = 16'b0;
    bias_now = 32'b0;
    for (i = 0; i < CHANNELS; i = i + 1) begin
      acc_now = acc_now | (acc[i*ACC_BITS+:ACC_BITS] & {ACC_BITS{CHANNELS == 1 || walk[i]}});
      multiplier_now = multiplier_now | (multipliers[i*16+:16] & {16{CHANNELS == 1 || walk[i]}});
      bias_now = bias_now | (biases[i*32+:32] & {32{CHANNELS == 1 || walk[i]}});
    end
  end

  wire signed [PRODUCT_BITS-1:0] product = $signed(acc_now) * $signed(multiplier_now);
  // The lowest SHIFT bits only carry.
  /* verilator lint_off UNUSEDSIGNAL */
  wire signed [SUM_BITS-1:0] sum = {{(SUM_BITS - PRODUCT_BITS){product[PRODUCT_BITS-1]}}, product} +
                                   {{(SUM_BITS - 32){bias_now[31]}}, bias_now};
  /* verilator lint_on UNUSEDSIGNAL */
  wire [CODE_BITS-1:0] scaled = sum[SUM_BITS-1:SHIFT];
  wire negative = scaled[CODE_BITS-1];
  wire above = |(scaled >> OUT_BITS);
  wire [OUT_BITS-1:0] code = negative ? {OUT_BITS{1'b0}} : scaled[OUT_BITS-1:0] | {OUT_BITS{above}};

  generate
    for (c = 0; c < CHANNELS; c = c + 1) begin : outputs
      reg [OUT_BITS-1:0] held;
      always @(posedge clk) begin
        if (walk[c]) held <= code;
      end
      assign codes[c*OUT_BITS+:OUT_BITS] = held;
    end
  endgenerate
endmodule
