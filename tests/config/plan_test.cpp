// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "config/bits.h"
#include "config/plan_table.h"
#include "core/error.h"
#include "core/text.h"

namespace fixynn {
namespace {

using ::testing::HasSubstr;

int64_t macs_in_layers(const MobileNet& network, int layers) {
  int64_t macs = 0;
  for (int i = 0; i < MobileNet::convs_in_layers(layers); ++i)
    macs += network.convs[static_cast<size_t>(i)].macs();
  return macs;
}

TEST(PlanTable, FixedOperationsAreThePapersTable) {
  const MobileNet network = make_mobilenet(0.25, 224, 1000);
  EXPECT_EQ(macs_in_layers(network, 4), 11'389'952);
  EXPECT_EQ(macs_in_layers(network, 7), 18'602'752);
  EXPECT_EQ(macs_in_layers(network, 11), 32'350'976);
  EXPECT_EQ(macs_in_layers(network, 14), 40'774'272);
  EXPECT_NEAR(fixed_ops_percent(network, 4), 27.1, 0.05);
  EXPECT_NEAR(fixed_ops_percent(network, 7), 44.3, 0.05);
  EXPECT_NEAR(fixed_ops_percent(network, 11), 77.0, 0.05);
  EXPECT_NEAR(fixed_ops_percent(network, 14), 97.0, 0.05);
}

TEST(PlanTable, ShowsTheNetworkLayerByLayer) {
  RunConfig config;
  config.data.size = 224;
  config.fixed_layers = {0, 4, 11};
  config.ffe.layers[3].weight_bits = 6;
  const std::string table = layer_table(config, 43);
  EXPECT_THAT(
      table,
      HasSubstr("    0  l00_conv1                       2  224->112      3->8      216   2,709,504      "
                "6.4       8/8\n"));
  EXPECT_THAT(
      table,
      HasSubstr("    3  l03_depthwise + pointwise       1    56->56    32->32    1,312   4,114,432     "
                "27.1   4   6/8\n"));
  // Nothing beyond the largest N is in the FFE.
  EXPECT_THAT(
      table,
      HasSubstr("   13  l13_depthwise + pointwise       1      7->7  256->256   67,840   3,324,160     "
                "97.0         -\n"));
  EXPECT_THAT(table, HasSubstr("40,774,272"));
}

TEST(PlanTable, FitsATerminal) {
  RunConfig config;
  config.ffe = {kFloatBits, kFloatBits, {}};
  for (const double alpha : {0.25, 1.0}) {
    for (const int size : {32, 1024}) {
      config.model.alpha = alpha;
      config.data.size = size;
      std::istringstream lines(layer_table(config, 1000));
      for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
    }
  }
}

TEST(PlanSummary, CountsTrainings) {
  RunConfig config;
  config.data.root = "data/x";
  config.seeds = {1, 2};
  config.train.epochs = 3;
  const std::string summary = plan_summary(config, 1000);
  EXPECT_THAT(summary, HasSubstr("fixed_layers 0, 4, 7, 11, 14 x seeds 1, 2 = 10 trainings\n"));
  EXPECT_THAT(
      summary,
      HasSubstr("3 epochs of 15 steps each, 30 epochs in all; batch 64, learning rate 0.03 one_cycle\n"));
  EXPECT_THAT(summary, HasSubstr("random weights"));
}

TEST(Bits, FixedLayersTakeTheFfesAndTheRestTheBackEnds) {
  RunConfig config;
  config.ffe.weight_bits = 4;
  config.ffe.activation_bits = 5;
  config.ffe.layers[1].weight_bits = 2;
  config.back_end.bits = kFloatBits;
  const MobileNet network = make_mobilenet(0.25, 64, 10);
  const auto quant = conv_quant(config, network, 2);
  ASSERT_EQ(quant.size(), network.convs.size());
  EXPECT_EQ(quant[0], (ConvQuant{4, 5}));
  EXPECT_EQ(quant[1], (ConvQuant{2, 5}));
  EXPECT_EQ(quant[2], (ConvQuant{2, 5}));
  for (size_t i = 3; i < quant.size(); ++i) EXPECT_FALSE(quant[i].quantised());
  EXPECT_EQ(conv_quant(config, network, 0)[0], ConvQuant{});
  EXPECT_EQ(conv_quant(config, network, 14).back(), (ConvQuant{4, 5}));
  EXPECT_THROW(conv_quant(config, network, 15), Error);
  EXPECT_THROW(conv_quant(config, network, -1), Error);
}

TEST(Text, NearestName) {
  const std::vector<std::string> names = {"size", "root", "kind", "on_bad_image"};
  EXPECT_EQ(nearest_name("siez", names), "size");
  EXPECT_EQ(nearest_name("on_bad_imgae", names), "on_bad_image");
  EXPECT_EQ(nearest_name("foo", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(1'000'000, 's'), names), "");
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(Text, DurationsAndCounts) {
  EXPECT_EQ(format_duration(0.42), "0.4s");
  EXPECT_EQ(format_duration(12.2), "12s");
  EXPECT_EQ(format_duration(59.7), "1m 00s");
  EXPECT_EQ(format_duration(192), "3m 12s");
  EXPECT_EQ(format_duration(7500), "2h 05m");
  EXPECT_EQ(format_duration(3 * 86400 + 4 * 3600), "3d 04h");
  EXPECT_EQ(format_duration(-1), "n/a");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::quiet_NaN()), "n/a");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "n/a");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(-40774272), "-40,774,272");
  EXPECT_EQ(format_count(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(format_plural(1, "training"), "1 training");
  EXPECT_EQ(format_plural(1200, "training"), "1,200 trainings");
}

TEST(Text, PrintableEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain \xC3\xA9"), "plain \xC3\xA9");
  EXPECT_EQ(printable("a\nb\x1B[0m\x7F"), "a\\nb\\x1B[0m\\x7F");
  EXPECT_EQ(printable("\xFF\xC2\x9B"), "\\xFF\\xC2\\x9B");
  EXPECT_EQ(printable(std::string(100, 'a'), 10), "aaaaaaaaaa...");
  EXPECT_EQ(find_invalid_utf8("ab\xC0\x80"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0u);
  EXPECT_EQ(find_invalid_utf8("\xF0\x9F\x98\x80"), std::string_view::npos);
}

}  // namespace
}  // namespace fixynn
