// SPDX-License-Identifier: Apache-2.0
// Self-checking bench of ffe_top in plain Verilog-2005, for any simulator; run it in the folder that holds
// vectors/. Plus arguments: +gaps=SEED makes valid and ready of all streams random (SEED is 1 or more), +stop
// ends the simulation at the first fault.
// Writes the parameters over AXI4-Lite and commits them, streams all frames back to back, writes other
// parameters meanwhile and commits them for the last frame, and compares every value that leaves a
// convolution, and the output streams, with what the integer model says (vectors/*.hex). The last line says
// it all:
//   RESULT pass|fail frames=.. values=.. mismatches=.. cycles=.. first_output=.. interval=..
`include "ffe_vectors.vh"
module ffe_bench;
  localparam FRAMES = `FFE_FRAMES;  // of vectors/frames.hex
//@SIZES
  localparam PIXELS = SIZE * SIZE;
  // Clocks without a pixel anywhere after which a design has stopped for good: more than a frame's last rows
  // take through the deepest layer, and more than a random stall.
  localparam QUIET_CLOCKS = 64 * SIZE + 4096;

  localparam [31:0] ID = 0, VERSION = 4, WEIGHTS = 8, SHAPE = 12, CONTROL = 16, STATUS = 20, FRAMES_IN = 24,
                    FRAMES_OUT = 28, FRAMES_BAD = 32, FRAMES_TAP = 36, FIRST_UNUSED = 40;
  localparam [31:0] COMMIT = 1, TAP_ON = 4, WRITE_REFUSED = 64;
  localparam [1:0] OKAY = 2'b00, SLAVE_ERROR = 2'b10;

  reg clk, rst_n;
  integer cycle, quiet, faults;
  initial begin
    clk = 1'b0;
    rst_n = 1'b0;
    cycle = 0;
    quiet = 0;
    faults = 0;
    forever #1 clk = !clk;
  end
  always @(posedge clk) cycle <= cycle + 1;

  // ---- The design, with the pixels of every convolution --------------------------------------------------
  reg [23:0] s_axis_tdata;
  reg s_axis_tvalid, s_axis_tuser, s_axis_tlast;
  wire s_axis_tready;
  wire [OUTPUT_BITS-1:0] m_axis_tdata;
  wire m_axis_tvalid, m_axis_tready, m_axis_tuser, m_axis_tlast;
  reg [ADDRESS_BITS-1:0] axil_address;
  reg awvalid, wvalid, bready, arvalid, rready;
  reg [31:0] wdata;
  wire awready, wready, bvalid, arready, rvalid;
  wire [31:0] rdata;
  wire [1:0] bresp, rresp;
  reg [31:0] seed;
  initial if (!$value$plusargs("gaps=%d", seed)) seed = 32'd0;
  wire gaps = seed != 32'd0;
//@NETS
  ffe_tb tb (
    .clk(clk), .rst_n(rst_n),
    .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready),
    .s_axis_tuser(s_axis_tuser), .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready),
    .m_axis_tuser(m_axis_tuser), .m_axis_tlast(m_axis_tlast),
//@CONNECTIONS
    .s_axil_awaddr(axil_address), .s_axil_awvalid(awvalid), .s_axil_awready(awready),
    .s_axil_wdata(wdata), .s_axil_wstrb(4'b1111), .s_axil_wvalid(wvalid), .s_axil_wready(wready),
    .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(bready),
    .s_axil_araddr(axil_address), .s_axil_arvalid(arvalid), .s_axil_arready(arready),
    .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(rready)
  );

  // ---- Comparison ----------------------------------------------------------------------------------------
  wire running = rst_n;
//@CHECKS

  // ---- Frames in -----------------------------------------------------------------------------------------
  wire source_go;
  ffe_stall source_stall (.clk(clk), .active(gaps), .seed(seed), .go(source_go));
  ffe_stall output_stall (.clk(clk), .active(gaps), .seed(seed + 32'd1), .go(m_axis_tready));

  reg [23:0] frames [0:FRAMES*PIXELS-1];
  integer next, accepted, released, first_input, first_output, start, interval;
  initial begin
    $readmemh("vectors/frames.hex", frames);
    next = 0;
    accepted = 0;
    released = 0;
    first_input = -1;
    first_output = -1;
    start = 0;
    interval = 0;
    s_axis_tvalid = 1'b0;
  end
  always @(posedge clk) begin
    if (s_axis_tvalid && s_axis_tready) begin
      if (accepted == 0) first_input = cycle;
      if (accepted % PIXELS == 0) begin
        // The last frame waits for its parameters.
        if (accepted > 0 && accepted / PIXELS < FRAMES - 1) interval = cycle - start;
        start = cycle;
      end
      accepted = accepted + 1;
    end
    if (running && (!s_axis_tvalid || s_axis_tready)) begin
      s_axis_tvalid <= next < released && source_go;
      if (next < released && source_go) begin
        s_axis_tdata <= frames[next];
        s_axis_tuser <= next % PIXELS == 0;
        s_axis_tlast <= next % SIZE == SIZE - 1;
        next = next + 1;
      end
    end
    if (running && m_axis_tvalid && first_output < 0) first_output = cycle;
  end

  // ---- AXI4-Lite -----------------------------------------------------------------------------------------
  task wrong(input [8*5-1:0] what, input [31:0] address, input [1:0] response, input [31:0] data);
    begin
      $display("ERROR registers: %0s of 0x%h gave response %b and 0x%h", what, address, response, data);
      faults = faults + 1;
    end
  endtask

  task axil_write(input [31:0] address, input [31:0] data, input [1:0] response);
    begin
      axil_address <= address[ADDRESS_BITS-1:0];
      wdata <= data;
      awvalid <= 1'b1;
      wvalid <= 1'b1;
      @(posedge clk);
      while (awvalid || wvalid) begin
        if (awready) awvalid <= 1'b0;
        if (wready) wvalid <= 1'b0;
        @(posedge clk);
      end
      bready <= 1'b1;
      @(posedge clk);
      while (!bvalid) @(posedge clk);
      bready <= 1'b0;
      if (bresp !== response) wrong("write", address, bresp, data);
      @(posedge clk);
      quiet = 0;
    end
  endtask

  reg [31:0] word;
  task axil_read(input [31:0] address, input [1:0] response);
    begin
      axil_address <= address[ADDRESS_BITS-1:0];
      arvalid <= 1'b1;
      @(posedge clk);
      while (arvalid) begin
        if (arready) arvalid <= 1'b0;
        @(posedge clk);
      end
      rready <= 1'b1;
      @(posedge clk);
      while (!rvalid) @(posedge clk);
      rready <= 1'b0;
      word = rdata;
      if (rresp !== response) wrong("read", address, rresp, rdata);
      @(posedge clk);
    end
  endtask

  task expect_word(input [31:0] address, input [31:0] data);
    begin
      axil_read(address, OKAY);
      if (word !== data) wrong("read", address, OKAY, word);
    end
  endtask

  // ---- What the processor does ---------------------------------------------------------------------------
  reg [63:0] parameters [0:PARAMETER_WRITES-1], parameters_2 [0:PARAMETER_WRITES-1];  // {address, data}
  integer i;
  initial begin
    $readmemh("vectors/parameters.hex", parameters);
    $readmemh("vectors/parameters_2.hex", parameters_2);
    {awvalid, wvalid, bready, arvalid, rready} = 5'b00000;
    repeat (4) @(posedge clk);
    rst_n <= 1'b1;
    expect_word(ID, 32'h4e4e5846);
    expect_word(VERSION, VERSION_WORD);
    expect_word(WEIGHTS, WEIGHTS_WORD);
    expect_word(SHAPE, SHAPE_WORD);
    expect_word(STATUS, 0);
    // What must be refused: parameters cannot be read, and there is nothing behind the last register.
    axil_read(parameters[0][63:32], SLAVE_ERROR);
    axil_read(FIRST_UNUSED, SLAVE_ERROR);
    axil_write(FIRST_UNUSED, 0, SLAVE_ERROR);
    for (i = 0; i < PARAMETER_WRITES; i = i + 1) axil_write(parameters[i][63:32], parameters[i][31:0], OKAY);
    axil_write(CONTROL, COMMIT | START_CONTROL, OKAY);
    expect_word(CONTROL, COMMIT | START_CONTROL);
    axil_write(parameters[0][63:32], ~parameters[0][31:0], SLAVE_ERROR);  // not before the commit is taken
    expect_word(STATUS, WRITE_REFUSED);
    axil_write(STATUS, WRITE_REFUSED, OKAY);
    expect_word(STATUS, 0);
    released = (FRAMES - 1) * PIXELS;
    // While frames pass: the parameters of the last one.
    axil_read(CONTROL, OKAY);
    while (word[0] !== 1'b0) axil_read(CONTROL, OKAY);
    for (i = 0; i < PARAMETER_WRITES; i = i + 1)
      axil_write(parameters_2[i][63:32], parameters_2[i][31:0], OKAY);
    axil_read(FRAMES_IN, OKAY);
    while (word !== FRAMES - 1) axil_read(FRAMES_IN, OKAY);  // a commit is for the next frame to begin
    axil_write(CONTROL, COMMIT | START_CONTROL, OKAY);
    released = FRAMES * PIXELS;
    wait (all_complete);
    repeat (16 * SIZE + 64) @(posedge clk);  // nothing more may come
    expect_word(STATUS, 0);
    expect_word(FRAMES_IN, FRAMES);
    expect_word(FRAMES_OUT, FRAMES);
    expect_word(FRAMES_BAD, 0);
    expect_word(FRAMES_TAP, TAP_FRAMES);
    report;
  end

  always @(posedge clk) begin
    quiet = progress === 1'b1 ? 0 : quiet + 1;
    if (quiet == QUIET_CLOCKS + 16 * SIZE + 64) begin
      $display("ERROR no progress for %0d clocks: the design hangs", quiet);
      faults = faults + 1;
      report;
    end
  end

  wire stop = $test$plusargs("stop") != 0;
  always @(posedge clk) if (stop && (faults != 0 || all_mismatches != 0)) report;

  task wrong_time(input [8*5-1:0] what, input integer is, input integer should);
    begin
      $display("ERROR %0s: %0d clocks instead of %0d", what, is, should);
      faults = faults + 1;
    end
  endtask

  task report;
    begin
      faults = faults + all_mismatches;
      if (!gaps) begin
        if (first_output - first_input != FIRST_OUTPUT)
          wrong_time("first", first_output - first_input, FIRST_OUTPUT);
        if (FRAMES > 2 && interval != FRAME_INTERVAL) wrong_time("frame", interval, FRAME_INTERVAL);
      end
      $display("RESULT %0s frames=%0d values=%0d mismatches=%0d cycles=%0d first_output=%0d interval=%0d",
               faults == 0 && all_complete ? "pass" : "fail", FRAMES, all_values, faults, cycle,
               first_output - first_input, interval);
      $finish;
    end
  endtask
endmodule
