// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>

#include "core/text.h"
#include "rtl/package_parts.h"

namespace fixynn {
namespace {

/// The pixels of a stream inside of ffe_top.
struct Stream {
  int valid = -1, commit = -1, pixel = -1;
};

class TopBuilder {
 public:
  explicit TopBuilder(const FfeRtl& ffe)
      : ffe_(ffe), convs_(ffe.plan.convs), tap_layer_(ffe.options.tap_layer) {}

  RtlModule build() {
    top_.name = "ffe_top";
    add_ports();
    add_nets();
    Stream stream = add_input();
    for (size_t i = 0; i < convs_.size(); ++i) {
      stream = add_conv(i, stream);
      if (tap_layer_ > 0 && i == tap_conv()) stream = add_tap(convs_[i], stream);
    }
    comment("Output stream.");
    add_output("output_stage", "m_axis", ffe_.plan.output, stream, room_, frame_out_, overflows_);
    gather("go", go_, false, rooms_, "Input is taken while every output has room for what is under way.");
    gather("output_overflow", output_overflow_, true, overflows_,
           "Events for the status register; none can happen.");
    gather("line_buffer_overrun", overrun_, true, overruns_, {});
    gather("fifo_overflow", fifo_overflow_, true, fifo_overflows_, {});
    add_registers(stream);
    return std::move(top_);
  }

 private:
  size_t tap_conv() const { return static_cast<size_t>(MobileNet::convs_in_layers(tap_layer_)) - 1; }
  int input(const std::string& name, int width = 1, const std::string& note = {}) {
    return top_.add_port(PortDirection::kInput, name, width, note);
  }
  int output(const std::string& name, int width = 1, const std::string& note = {}) {
    return top_.add_port(PortDirection::kOutput, name, width, note);
  }
  RtlInstance::Connection in(const std::string& port, int net) { return {port, top_.whole(net), false}; }
  RtlInstance::Connection out(const std::string& port, int net) { return {port, top_.whole(net), true}; }
  RtlInstance::Connection in(const std::string& port) { return in(port, net(port)); }
  RtlInstance::Connection out(const std::string& port) { return out(port, net(port)); }
  void comment(const std::string& text) { top_.statements.emplace_back(RtlComment{text}); }

  int net(const std::string& name) const {
    for (size_t i = 0; i < top_.nets.size(); ++i) {
      if (top_.nets[i].name == name) return static_cast<int>(i);
    }
    throw std::logic_error("ffe_top has no net " + name);
  }

  static int whole_bytes(int bits) { return (bits + 7) / 8 * 8; }

  void add_ports() {
    input("clk");
    input("rst_n");
    input("s_axis_tdata", 24,
          "Images: R in bits 7:0, G in 15:8, B in 23:16; tuser on a frame's first pixel.");
    for (const char* name : {"s_axis_tuser", "s_axis_tlast", "s_axis_tvalid"}) input(name);
    output("s_axis_tready");
    const ConvPlan& last = convs_.back();
    add_stream_ports(
        "m_axis", ffe_.plan.output,
        fmt::format("Codes of {}: {} of {} bits, lowest channel in the lowest bits.", last.conv.name,
                    format_plural(last.conv.out_channels, "channel"), last.quant.activation_bits));
    if (tap_layer_ > 0) {
      const ConvPlan& tap = convs_[tap_conv()];
      tap_output_ = output_plan(ffe_.plan, tap_conv());
      add_stream_ports(
          "tap_axis", tap_output_,
          fmt::format("The same of {}: {} of {} bits.", tap.conv.name,
                      format_plural(tap.conv.out_channels, "channel"), tap.quant.activation_bits));
    }
    input("s_axil_awaddr", ffe_.address_bits, "Control registers and batch-norm parameters.");
    input("s_axil_awvalid");
    output("s_axil_awready");
    input("s_axil_wdata", 32);
    input("s_axil_wstrb", 4);
    input("s_axil_wvalid");
    output("s_axil_wready");
    output("s_axil_bresp", 2);
    output("s_axil_bvalid");
    input("s_axil_bready");
    input("s_axil_araddr", ffe_.address_bits);
    input("s_axil_arvalid");
    output("s_axil_arready");
    output("s_axil_rdata", 32);
    output("s_axil_rresp", 2);
    output("s_axil_rvalid");
    input("s_axil_rready");
  }

  void add_stream_ports(const std::string& prefix, const OutputPlan& plan, const std::string& note) {
    output(prefix + "_tdata", whole_bytes(plan.width_bits), note);
    for (const char* name : {"_tuser", "_tlast", "_tvalid"}) output(prefix + name);
    input(prefix + "_tready");
  }

  /// Nets that instances before their driver read.
  void add_nets() {
    go_ = top_.add_net("go", 1, "Control.");
    commit_request_ = top_.add_net("commit_request", 1);
    if (tap_layer_ > 0) {
      for (const char* name :
           {"main_off", "tap_on", "commit_pending", "commit_kept", "main_waits", "commit_done"})
        top_.add_net(name, 1);
    }
    write_ = top_.add_net("write", static_cast<int>(convs_.size()),
                          "Parameters on their way: a bit of write a convolution.");
    write_bias_ = top_.add_net("write_bias", 1);
    write_channel_ = top_.add_net("write_channel", ffe_.channel_bits);
    write_data_ = top_.add_net("write_data", 32);
    room_ = top_.add_net("output_room", 1, "State of the outputs and faults.");
    frame_out_ = top_.add_net("frame_out", 1);
    if (tap_layer_ > 0) frame_tap_ = top_.add_net("frame_tap", 1);
    for (const char* name : {"frame_started", "frame_bad", "early_start", "bad_row", "missing_start"})
      top_.add_net(name, 1);
  }

  Stream add_input() {
    const Stream stream{top_.add_net("input_valid", 1, "Pixels as they come in."),
                        top_.add_net("input_commit", 1), top_.add_net("input_pixel", 24)};
    comment("Input stream.");
    input_commit_ = stream.commit;
    top_.statements.emplace_back(RtlInstance{
        "ffe_input",
        "input_stage",
        {{"SIZE", ffe_.plan.network.input_size}},
        {in("clk"), in("rst_n"), in("s_axis_tdata"), in("s_axis_tuser"), in("s_axis_tlast"),
         in("s_axis_tvalid"), out("s_axis_tready"), in("go", go_), in("commit_request", commit_request_),
         out("valid", stream.valid), out("commit", stream.commit), out("pixel", stream.pixel),
         out("frame_started"), out("frame_bad"), out("early_start"), out("bad_row"), out("missing_start")}});
    return stream;
  }

  Stream add_conv(size_t index, const Stream& stream) {
    const ConvPlan& plan = convs_[index];
    const std::string& name = plan.conv.name;
    const Stream leaving{
        top_.add_net(name + "_valid", 1), top_.add_net(name + "_commit", 1),
        top_.add_net(name + "_codes", plan.requantiser.channels * plan.requantiser.output_bits)};
    comment(fmt::format("{}: {} x {} pixels of {} to {} x {} of {}.", name, plan.conv.in_size,
                        plan.conv.in_size, format_plural(plan.conv.in_channels, "channel"),
                        plan.conv.out_size, plan.conv.out_size, plan.conv.out_channels));
    RtlInstance layer{"ffe_" + name, name, {}, {in("clk"), in("rst_n")}};
    if (plan.conv.kind == ConvKind::kPointwise) {
      layer.connections.push_back(in("x", stream.pixel));
      layer.connections.push_back(in("valid", stream.valid));
      layer.connections.push_back(in("commit", stream.commit));
    } else {
      add_line_buffer(plan, stream, layer);
    }
    layer.connections.push_back({"write", {{write_, static_cast<int>(index), 1, 1}}, false});
    for (const int wire : {write_bias_, write_channel_, write_data_})
      layer.connections.push_back(in(top_.nets[static_cast<size_t>(wire)].name, wire));
    layer.connections.push_back(out("codes", leaving.pixel));
    layer.connections.push_back(out("done", leaving.valid));
    layer.connections.push_back(out("commit_out", leaving.commit));
    if (plan.requantiser.fifo_words > 0) {
      fifo_overflows_.push_back(top_.whole(top_.add_net(name + "_overflow", 1)));
      layer.connections.push_back({"overflow", fifo_overflows_.back(), true});
    }
    top_.statements.emplace_back(std::move(layer));
    return leaving;
  }

  void add_line_buffer(const ConvPlan& plan, const Stream& stream, RtlInstance& layer) {
    const std::string& name = plan.conv.name;
    const LineBufferPlan& rows = plan.line_buffer;
    const std::string prefix = name + "_rows_";
    std::vector<RtlInstance::Connection> connections = {in("clk"),
                                                        in("rst_n"),
                                                        in("go", go_),
                                                        in("in_valid", stream.valid),
                                                        in("in_commit", stream.commit),
                                                        in("in_pixel", stream.pixel)};
    for (const auto& [port, width] : {std::pair<const char*, int>{"shift", 1},
                                      {"column", 3 * rows.channels * rows.bits},
                                      {"row_ok", 3},
                                      {"col_ok", 3},
                                      {"valid", 1},
                                      {"commit", 1}}) {
      const int wire = top_.add_net(prefix + port, width);
      connections.push_back(out(port, wire));
      layer.connections.push_back(in(port, wire));
    }
    overruns_.push_back(top_.whole(top_.add_net(prefix + "overrun", 1)));
    connections.push_back({"overrun", overruns_.back(), true});
    top_.statements.emplace_back(RtlInstance{"ffe_line_buffer",
                                             name + "_rows",
                                             {{"SIZE", rows.width},
                                              {"CHANNELS", rows.channels},
                                              {"BITS", rows.bits},
                                              {"STRIDE", rows.stride},
                                              {"PAD_BEFORE", rows.pad_before},
                                              {"PACE", rows.pace},
                                              {"FLUSH_DELAY", rows.flush_delay}},
                                             std::move(connections)});
  }

  /// The branch to the tap's output, and what goes on.
  Stream add_tap(const ConvPlan& plan, const Stream& stream) {
    const Stream tap{top_.add_net("tap_valid", 1), -1, stream.pixel};
    const Stream main{top_.add_net("main_valid", 1), top_.add_net("main_commit", 1), stream.pixel};
    const int room = top_.add_net("tap_room", 1);
    comment(fmt::format("Tap behind {}: whole frames go to tap_axis, to the layers behind, or both.",
                        plan.conv.name));
    top_.statements.emplace_back(
        RtlInstance{"ffe_gate",
                    "tap_gate",
                    {{"PIXELS", plan.output_pixels}},
                    {in("clk"), in("rst_n"), in("tap_on"), in("main_off"), in("commit_pending"),
                     in("in_valid", stream.valid), in("in_commit", stream.commit),
                     out("tap_valid", tap.valid), out("main_valid", main.valid),
                     out("main_commit", main.commit), out("commit_kept"), out("main_waits")}});
    add_output("tap_stage", "tap_axis", tap_output_, tap, room, frame_tap_, overflows_);
    return main;
  }

  void add_output(const std::string& name, const std::string& prefix, const OutputPlan& plan,
                  const Stream& stream, int room, int frame_done, std::vector<Bits>& overflows) {
    const int padded = net(prefix + "_tdata"), bytes = top_.nets[static_cast<size_t>(padded)].width;
    const int data = bytes == plan.width_bits ? padded : top_.add_net(name + "_data", plan.width_bits);
    const int overflow = top_.add_net(name + "_overflow", 1);
    rooms_.push_back(top_.whole(room));
    overflows.push_back(top_.whole(overflow));
    top_.statements.emplace_back(RtlInstance{
        "ffe_output",
        name,
        {{"SIZE", plan.size}, {"WIDTH", plan.width_bits}, {"DEPTH", plan.depth}, {"MARGIN", plan.margin}},
        {in("clk"), in("rst_n"), in("in_valid", stream.valid), in("in_pixel", stream.pixel),
         out("room", room), out("m_tdata", data), out("m_tvalid", net(prefix + "_tvalid")),
         in("m_tready", net(prefix + "_tready")), out("m_tuser", net(prefix + "_tuser")),
         out("m_tlast", net(prefix + "_tlast")), out("overflow", overflow), out("frame_done", frame_done)}});
    if (data != padded) {
      top_.statements.emplace_back(
          RtlAssign{padded, {{BitPiece::kZeros, 0, bytes - plan.width_bits, 1}, top_.whole(data).front()}});
    }
  }

  /// One bit of many; none of them: 0.
  void gather(const std::string& name, int& result, bool any, const std::vector<Bits>& bits,
              const std::string& note) {
    if (!note.empty()) comment(note);
    if (result < 0) result = top_.add_net(name, 1);
    if (bits.empty())
      top_.statements.emplace_back(RtlAssign{result, {{BitPiece::kZeros, 0, 1, 1}}});
    else
      top_.statements.emplace_back(RtlGate{result, any, bits});
  }

  uint32_t weights_word() const {
    uint32_t word = 0;
    std::from_chars(ffe_.weights_sha256.data(), ffe_.weights_sha256.data() + 8, word, 16);
    return word;
  }

  void add_registers(const Stream& last) {
    // Where there is no tap its ports have nothing to do.
    const bool tap = tap_layer_ > 0;
    const auto unused = [&](const char* name) { return top_.add_net(name, 1); };
    const Bits zero{{BitPiece::kZeros, 0, 1, 1}};
    if (tap) {
      comment(
          "A commit is done when the last convolution has it, or the tap keeps it from the layers behind.");
      top_.statements.emplace_back(
          RtlGate{net("commit_done"), true, {top_.whole(last.commit), top_.whole(net("commit_kept"))}});
    }
    comment("Control registers.");
    RtlInstance registers{"ffe_registers",
                          "registers",
                          {{"CONVS", static_cast<int64_t>(convs_.size())},
                           {"CONV_BITS", ffe_.conv_bits},
                           {"CHANNEL_BITS", ffe_.channel_bits},
                           {"VERSION", kRegisterMapVersion},
                           {"WEIGHTS", weights_word()},
                           {"LAYERS", ffe_.plan.fixed_layers},
                           {"TAP", tap_layer_},
                           {"SIZE", ffe_.plan.network.input_size}},
                          {in("clk"),
                           in("rst_n"),
                           in("s_axil_awaddr"),
                           in("s_axil_awvalid"),
                           out("s_axil_awready"),
                           in("s_axil_wdata"),
                           in("s_axil_wstrb"),
                           in("s_axil_wvalid"),
                           out("s_axil_wready"),
                           out("s_axil_bresp"),
                           out("s_axil_bvalid"),
                           in("s_axil_bready"),
                           in("s_axil_araddr"),
                           in("s_axil_arvalid"),
                           out("s_axil_arready"),
                           out("s_axil_rdata"),
                           out("s_axil_rresp"),
                           out("s_axil_rvalid"),
                           in("s_axil_rready"),
                           out("write", write_),
                           out("write_bias", write_bias_),
                           out("write_channel", write_channel_),
                           out("write_data", write_data_),
                           out("commit_request", commit_request_),
                           in("commit_taken", input_commit_),
                           in("commit_done", tap ? net("commit_done") : last.commit)}};
    for (const char* name : {"commit_pending", "main_off", "tap_on"})
      registers.connections.push_back(out(name, tap ? net(name) : unused(name)));
    registers.connections.push_back({"main_waits", tap ? top_.whole(net("main_waits")) : zero, false});
    Bits events;
    for (const int event : {fifo_overflow_, overrun_, output_overflow_, net("missing_start"), net("bad_row"),
                            net("early_start")})
      events.push_back(top_.whole(event).front());
    registers.connections.push_back({"events", std::move(events), false});
    registers.connections.push_back(in("frame_in", net("frame_started")));
    registers.connections.push_back(in("frame_out", frame_out_));
    registers.connections.push_back(in("frame_bad", net("frame_bad")));
    registers.connections.push_back({"frame_tap", tap ? top_.whole(frame_tap_) : zero, false});
    top_.statements.emplace_back(std::move(registers));
  }

  const FfeRtl& ffe_;
  const std::vector<ConvPlan>& convs_;
  int tap_layer_;
  OutputPlan tap_output_;
  RtlModule top_;
  int go_ = -1, commit_request_ = -1, input_commit_ = -1;
  int write_ = -1, write_bias_ = -1, write_channel_ = -1, write_data_ = -1;
  int room_ = -1, frame_out_ = -1, frame_tap_ = -1;
  int output_overflow_ = -1, overrun_ = -1, fifo_overflow_ = -1;
  std::vector<Bits> rooms_, overflows_, overruns_, fifo_overflows_;
};

}  // namespace

RtlModule top_module(const FfeRtl& ffe) {
  return TopBuilder(ffe).build();
}

}  // namespace fixynn
