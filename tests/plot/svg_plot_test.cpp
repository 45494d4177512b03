// SPDX-License-Identifier: Apache-2.0
#include "plot/svg_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "plot/plot_labels.h"
#include "plot/plot_text.h"
#include "plot/svg_canvas.h"
#include "plot/ticks.h"
#include "report/xml_check.h"

namespace fixynn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_report::xml_fault;

TEST(XmlCheck, FindsFaults) {
  EXPECT_EQ(xml_fault("<a b='1'>x &amp; y<c/></a>"), "");
  for (const char* bad : {"<a>", "<a></b>", "<a b=1></a>", "<a b='1' b='2'></a>", "<a>&</a>", "<a>&nbsp;</a>",
                          "<a/><b></b></c>", "<a b='<'></a>", "<a>\x01</a>"}) {
    EXPECT_NE(xml_fault(bad), "") << bad;
  }
}

TEST(HtmlText, Escapes) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("Größe – 信号"), "Größe – 信号");
  EXPECT_EQ(escape_html("a\x01z\xff!\xc3"), "a\uFFFDz\uFFFD!\uFFFD");
  EXPECT_EQ(escape_html("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate is not text";
}

TEST(HtmlText, FormatsNumbers) {
  EXPECT_EQ(format_fixed(-0.25, 2), "−0.25");
  EXPECT_EQ(format_fixed(-0.001, 2), "0.00");
  EXPECT_EQ(format_fixed(std::numeric_limits<double>::quiet_NaN(), 2), "–");
  EXPECT_EQ(format_tick(0.30000000000000004, 0.1), "0.3");
  EXPECT_EQ(format_tick(0.25, 0.05), "0.25");
  EXPECT_EQ(format_tick(40, 10), "40");
  EXPECT_EQ(format_grouped(12630), "12,630");
  EXPECT_EQ(format_grouped(999), "999");
  EXPECT_EQ(format_grouped(-1234567), "−1,234,567");
}

TEST(LogTicks, CoverTheRange) {
  EXPECT_THAT(log_ticks(1.5, 40), testing::ElementsAre(1, 2, 5, 10, 20, 50));
  EXPECT_THAT(log_ticks(0.001, 900), testing::ElementsAre(0.001, 0.01, 0.1, 1, 10, 100, 1000));
  EXPECT_GE(log_ticks(3, 3).size(), 2u);
  EXPECT_GE(log_ticks(-1, 0).size(), 2u);
}

TEST(NiceTicks, AreRoundAndCoverTheRange) {
  EXPECT_THAT(nice_ticks(0, 10, 5), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(nice_ticks(58, 98, 5), ElementsAre(50, 60, 70, 80, 90, 100));
  for (double low : {-3.2, 0.0, 1e-9, 97.1, 1e6}) {
    for (double span : {0.0, 1e-6, 0.3, 7.0, 1e5}) {
      const std::vector<double> ticks = nice_ticks(low, low + span, 5);
      ASSERT_GE(ticks.size(), 2u);
      ASSERT_LE(ticks.size(), 12u);
      EXPECT_LE(ticks.front(), low + 1e-9 * std::abs(low));
      EXPECT_GE(ticks.back(), low + span - 1e-9 * std::abs(low + span));
    }
  }
}

PlotSpec plot() {
  PlotSpec spec;
  spec.title = "Accuracy & <loss>";
  spec.description = "A \"plot\"";
  spec.x_label = "N";
  spec.y_label = "%";
  spec.series = {{"measured <1>", {{0, 97.5, 97.0, 98.0, "N = 0 & more"}, {7, 93, {}, {}, "seven"}}}};
  spec.marks = {{1.0, "1 %", false}, {3.0, "here", true}};
  return spec;
}

TEST(Plot, IsWellFormedAndHasItsTextsEscaped) {
  const std::string svg = render_plot(plot());
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("aria-label='Accuracy &amp; &lt;loss&gt;'"));
  EXPECT_THAT(svg, HasSubstr("<title>N = 0 &amp; more</title>"));
  EXPECT_THAT(svg, HasSubstr("measured &lt;1&gt;"));
  EXPECT_THAT(svg, HasSubstr("class='error'"));
  EXPECT_THAT(svg, Not(HasSubstr("nothing measured yet")));
}

TEST(Plot, HigherValuesAreDrawnHigher) {
  PlotSpec spec = plot();
  spec.marks.clear();
  spec.series = {{"", {{0, 10, {}, {}, ""}, {1, 20, {}, {}, ""}}}};
  const std::string svg = render_plot(spec);
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  ASSERT_EQ(std::sscanf(svg.c_str() + svg.find("<polyline points='"), "<polyline points='%lf,%lf %lf,%lf",
                        &x0, &y0, &x1, &y1),
            4);
  EXPECT_LT(x0, x1);
  EXPECT_GT(y0, y1);
}

TEST(Plot, SeriesThatSetsNoRangeDoesNotStretchTheAxis) {
  PlotSpec spec = plot();
  spec.series = {{"a", {{0, 1, {}, {}, ""}, {1, 2, {}, {}, ""}}},
                 {"b", {{0, 1, {}, {}, ""}, {1, 9000, {}, {}, ""}}}};
  EXPECT_THAT(render_plot(spec), HasSubstr(">10000<"));
  spec.series[1].sets_range = false;
  EXPECT_THAT(render_plot(spec), Not(HasSubstr("000<")));
}

TEST(Plot, CopesWithNothingOnePointAndNumbersThatAreNone) {
  PlotSpec spec;
  EXPECT_EQ(xml_fault(render_plot(spec)), "");
  EXPECT_THAT(render_plot(spec), HasSubstr("nothing measured yet"));
  spec.series = {{"one", {{3, 50, {}, {}, ""}}}};
  EXPECT_EQ(xml_fault(render_plot(spec)), "");
  EXPECT_THAT(render_plot(spec), HasSubstr("<circle"));
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  spec.series = {{"none", {{0, nan, {}, {}, ""}, {1, infinity, {}, {}, ""}, {2, 3, nan, infinity, ""}}}};
  const std::string svg = render_plot(spec);
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(PlotLabels, KeepOutOfEachOther) {
  SvgCanvas canvas;
  draw_labels({{100, 100, "N = 4"}, {102, 101, "N = 7"}, {498, 100, "N = 11"}}, {}, {0, 0, 500, 200}, canvas);
  const std::string& svg = canvas.elements();
  EXPECT_THAT(svg, HasSubstr("x='108.0' y='104.0'>N = 4"));
  EXPECT_THAT(svg, HasSubstr("N = 7"));
  EXPECT_THAT(svg, Not(HasSubstr("x='110.0' y='105.0'"))) << "N = 7 would cover N = 4";
  EXPECT_THAT(svg, HasSubstr("text-anchor='end'>N = 11")) << "stays in the frame";
}

TEST(Bars, AreWellFormedAndScaled) {
  BarSpec spec;
  spec.title = "Zero <weights>";
  spec.y_label = "%";
  spec.cell_rows = {"bits"};
  spec.legend = {{"frozen & fixed", 0}};
  spec.bars = {{"a<b", 5, 0, "tip & top", {"8"}}, {"c", 10, 1, "", {}}};
  const std::string svg = render_bars(spec);
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("a&lt;b"));
  EXPECT_THAT(svg, HasSubstr("tip &amp; top"));
  spec.bars.clear();
  EXPECT_EQ(xml_fault(render_bars(spec)), "");
}

TEST(HeatMap, NamesCountsAndShares) {
  HeatMapSpec spec;
  spec.title = "Confusions";
  spec.rows = {"stop <a>", "give way with a name that does not fit into its column"};
  spec.columns = {"stop <a>", "give way", "any other"};
  spec.counts = {{90, 8, 2}, {5, 15, 0}};
  spec.row_totals = {100, 20};
  spec.diagonal = {0, 1};
  const std::string svg = render_heat_map(spec);
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("stop &lt;a&gt; taken for give way: 8 of 100 (8.0 %)"));
  EXPECT_THAT(svg, HasSubstr("…"));
}

}  // namespace
}  // namespace fixynn
