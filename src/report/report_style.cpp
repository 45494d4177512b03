// SPDX-License-Identifier: Apache-2.0
#include "plot/svg_plot.h"
#include "report/report_sections.h"

namespace fixynn {

namespace {

constexpr const char* kStyle = R"css(
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;line-height:1.25;margin:2px 0 8px;text-wrap:balance}
h2{font-size:18px;margin:0 0 4px}
h3{font-size:14px;margin:0 0 6px}
p{margin:4px 0 12px;max-width:78ch}
.eyebrow,.sub{color:var(--muted);margin:0}
.sub{font-size:14px}
section,.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:20px 22px;
margin-top:18px;
min-width:0}
section>.sub{margin-bottom:14px;max-width:100ch}
.badge{display:inline-block;border-radius:99px;padding:1px 10px;font-size:13px;background:var(--chip);
color:var(--text)}
.badge.good{background:var(--good-bg);color:var(--good)}
.badge.bad{background:var(--bad-bg);color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:14px;margin-top:18px}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tile b{display:block;font-size:23px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums}
.tile span{color:var(--muted);font-size:13px;line-height:1.35;display:block}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(400px,1fr));gap:24px}
.grid3{display:grid;grid-template-columns:repeat(auto-fit,minmax(310px,1fr));gap:20px}
.grid2>*,.grid3>*{min-width:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600;color:var(--muted);font-size:12.5px;vertical-align:bottom}
th small{font-weight:400;display:block}
td.text,th.text{text-align:left}
td.wrap{white-space:normal;overflow-wrap:anywhere}
tr.best td{background:var(--good-bg)}
tr:last-child td{border-bottom:0}
td b{font-weight:650}
.published{margin-top:16px;border:1px dashed var(--grey);border-radius:8px;padding:10px 14px}
.published td,.published th{border-bottom:0;padding:3px 10px;font-style:italic}
.published h3{font-style:italic;color:var(--muted)}
code,pre{font:12.5px ui-monospace,SFMono-Regular,Menlo,monospace}
pre{background:var(--chip);border-radius:8px;padding:14px;overflow:auto;margin:10px 0 0}
details{margin-top:10px}
details[open]>summary{margin-bottom:12px}
summary{cursor:pointer;font-weight:600}
figure{margin:0}
figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
.heat{max-width:640px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:0 0 10px;font-size:14px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
@media (max-width:520px){.grid2,.grid3{grid-template-columns:1fr}main{padding:16px 10px 40px}section{padding:14px 12px}}
)css";

}  // namespace

std::string page_style() {
  return plot_colours() + kStyle;
}

}  // namespace fixynn
