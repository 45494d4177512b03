// SPDX-License-Identifier: Apache-2.0
#include "plot/plot_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace fixynn {
namespace {

TEST(PlotCsv, QuotesAndKeepsEveryDigit) {
  PlotSpec spec;
  spec.x_label = "throughput, TOPS";
  spec.series = {{"a \"b\"", {{0.1, 1.0 / 3, 0.25, 0.5, "tip", "N = 7"}}},
                 {"=SUM(A1)", {{2, std::numeric_limits<double>::quiet_NaN(), {}, {}, "", "two\nlines"}}}};
  EXPECT_EQ(plot_csv(spec),
            "series,\"throughput, TOPS\",y,low,high,label\n"
            "\"a \"\"b\"\"\",0.1,0.3333333333333333,0.25,0.5,N = 7\n"
            "'=SUM(A1),2,,,,\"two\nlines\"\n");
}

TEST(BarsCsv, HasALineForEachBarOrPart) {
  BarSpec spec;
  spec.y_label = "uJ";
  spec.cell_rows = {"W", "A"};
  spec.bars = {{"conv1", 1.5, 0, "", {"8", "6"}}};
  EXPECT_EQ(bars_csv(spec), "label,uJ,W,A\nconv1,1.5,8,6\n");
  spec.legend = {{"MAC", 0}, {"DRAM", 1}};
  spec.bars.push_back({"block1", 0, 0, "", {"4"}, {{1, 0}, {2, 1}}});
  EXPECT_EQ(bars_csv(spec),
            "label,part,uJ,W,A\n"
            "conv1,,1.5,8,6\n"
            "block1,MAC,1,4,\n"
            "block1,DRAM,2,4,\n");
}

}  // namespace
}  // namespace fixynn
