// SPDX-License-Identifier: Apache-2.0
#include "plot/svg_plot.h"

namespace fixynn {

std::string plot_colours() {
  return R"css(
:root{--page:#f4f5f7;--panel:#fff;--text:#1c2330;--muted:#667085;--line:#e4e7ec;--chip:#eef1f5;
--accent:#b42318;
--good:#067647;--good-bg:#e3f5ea;--bad:#b42318;--bad-bg:#fdeceb;--grey:#98a2b3;
--c0:#2563b8;--c1:#d9622b;--c2:#168a72;--c3:#8e4fb5;--c4:#b88a00;--c5:#c43d74;--c6:#4a6572;--c7:#5b8c1f}
@media (prefers-color-scheme:dark){:root{--page:#12151b;--panel:#1b2029;--text:#e6e9ef;--muted:#98a2b3;
--line:#2d3440;
--chip:#282f3b;--accent:#ff8a7a;--good:#6fd39c;--good-bg:#173527;--bad:#ff9c8f;--bad-bg:#3d201d;
--grey:#7c879a;
--c0:#6aa5f4;--c1:#f2935f;--c2:#4cc7ab;--c3:#c08ce4;--c4:#e0b93c;--c5:#ef7ba9;--c6:#93aebb;--c7:#9bcb5c}}
)css";
}

std::string plot_style() {
  return R"css(
.plot{display:block;width:100%;height:auto;font:11.5px system-ui,sans-serif;font-variant-numeric:tabular-nums}
.plot .grid{stroke:var(--line);stroke-width:1}
.plot .minor{stroke:var(--line);stroke-width:.5;opacity:.7}
.plot .axis{stroke:var(--muted);stroke-width:1}
.plot .mark{stroke:var(--accent);stroke-width:1.2;stroke-dasharray:5 4}
.plot .cursor{stroke:var(--accent);stroke-width:1.6}
.plot .crosshair{stroke:var(--muted);stroke-dasharray:3 3}
.plot .ring{fill:none;stroke:var(--text);stroke-width:1.6}
.plot .tick{fill:var(--muted)}
.plot .label{fill:var(--text);font-size:12px}
.plot .legend{fill:var(--text);font-size:12px}
.plot .name{fill:var(--text);font-size:11px;paint-order:stroke;stroke:var(--panel);stroke-width:3px;
stroke-linejoin:round}
.plot .note{fill:var(--accent);font-size:11.5px}
.plot .series{--c:var(--grey)}
.plot .series polyline{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.plot .series circle{fill:var(--c);stroke:var(--panel);stroke-width:1.2}
.plot .series polygon{fill:var(--c);stroke:var(--panel);stroke-width:1.2}
.plot .series .hollow{fill:var(--panel);stroke:var(--c);stroke-width:1.8}
.plot .series polygon.hollow{fill:none;stroke:var(--c)}
.plot .series circle.hover{fill:transparent;stroke:none}
.plot .series .error{fill:none;stroke:var(--c);stroke-width:1.4}
.plot .dashed polyline{stroke-dasharray:6 4}
.plot .faint{opacity:.4}
.plot .bar{fill:var(--c)}
.plot .cell{fill:var(--chip)}
.plot .cell-text{fill:var(--text);font-size:11px}
.plot .heat-text{font-size:11.5px;fill:var(--text)}
.plot .c0{--c:var(--c0)}.plot .c1{--c:var(--c1)}.plot .c2{--c:var(--c2)}.plot .c3{--c:var(--c3)}
.plot .c4{--c:var(--c4)}.plot .c5{--c:var(--c5)}.plot .c6{--c:var(--c6)}.plot .c7{--c:var(--c7)}
.plot .grey{--c:var(--grey)}
)css";
}

}  // namespace fixynn
