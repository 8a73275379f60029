/** The style of the page: light and dark, wide and narrow. */

const LIGHT = ["#2457d6", "#c2410c", "#0f766e", "#9333a8", "#8a6d00", "#6b7280"];
const DARK = ["#8ab0ff", "#ffa463", "#4fd1c0", "#e19af0", "#e6cf5a", "#aab2bd"];

const variables = (colours: readonly string[]) => colours.map((colour, k) => `--k${k}: ${colour};`).join(" ");
const fills = LIGHT.map((_, k) => `.k${k} { fill: var(--k${k}); }`).join("\n");
const shades = (sign: string, colour: string) =>
  Array.from(
    { length: 11 },
    (_, level) =>
      `.${sign}${level} { background: color-mix(in srgb, var(${colour}) ${level * 10}%, var(--paper)); }`,
  ).join("\n");
/** Cells too deep for the ink: from here the paper's colour has the better contrast (4.2 at least, both ways). */
const turned = (from: number) =>
  ["p", "n"].flatMap((sign) => Array.from({ length: 11 - from }, (_, i) => `.${sign}${from + i}`)).join(", ");

export const STYLE = `
:root { color-scheme: light dark; --ink: #1a1d21; --soft: #5b636d; --line: #d8dce1; --paper: #fff; --field: #f6f7f9; --mark: #2457d6; --bad: #b3261e; --warn: #8a5a00; --plus: #1b49b8; --minus: #a0301a; --plain: #64788f; ${
  variables(LIGHT)
} }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a2a9b3; --line: #3a4048; --paper: #16181b; --field: #1f2226; --mark: #8ab0ff; --bad: #ff8a80; --warn: #f0c36a; --plus: #9dbdff; --minus: #ffab91; --plain: #8fa3bd; ${
  variables(DARK)
} }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 84rem; margin: 0 auto; padding: 1.25rem; }
header { padding-bottom: 0; }
main { padding-top: 0; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1.02rem; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: .85rem; margin: .75rem 0 .25rem; color: var(--soft); font-weight: 600; }
section > h3 { margin: 1.5rem 0 .5rem; }
p { margin: .35rem 0; }
a { color: var(--mark); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: .75rem; }
.soft { color: var(--soft); }
small, .card .soft { font-size: .85rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0; padding: 0; list-style: none; }
.tiles li { background: var(--field); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; }
.tiles b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.found { list-style: none; margin: .5rem 0; padding: 0; display: grid; gap: .5rem; }
.found li { border: 1px solid var(--line); border-left: 5px solid var(--soft); border-radius: 6px; padding: .5rem .8rem; overflow-wrap: anywhere; }
.found .error { border-left-color: var(--bad); }
.found .warning { border-left-color: var(--warn); }
.tools { display: flex; flex-wrap: wrap; gap: .6rem 1rem; margin: .5rem 0 1rem; }
.tools label { font-size: .85rem; color: var(--soft); display: grid; gap: .15rem; }
.tools input, .tools select { font: inherit; font-size: 1rem; color: var(--ink); background: var(--field); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .6rem; min-height: 2.6rem; max-width: 100%; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1rem; align-items: start; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; min-width: 0; content-visibility: auto; contain-intrinsic-size: auto 24rem; }
.card[hidden] { display: none; }
.type { display: inline-block; font-size: .75rem; font-weight: 600; color: var(--soft); border: 1px solid var(--line); border-radius: 999px; padding: 0 .55rem; vertical-align: .1em; }
.type.mark { color: var(--mark); border-color: var(--mark); }
figure { margin: .6rem 0 .2rem; }
svg { display: block; }
.plot { width: 100%; height: 6.5rem; border-bottom: 1px solid var(--soft); overflow: visible; }
.hit { fill: transparent; }
g:hover > .hit { fill: color-mix(in srgb, var(--ink) 8%, transparent); }
.strip { width: 100%; height: .7rem; margin-top: 3px; fill: color-mix(in srgb, var(--soft) 60%, var(--paper)); }
.strip .median { fill: var(--ink); }
.axis { display: flex; justify-content: space-between; gap: 1rem; font-size: .78rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.bar { width: 100%; height: .75rem; background: color-mix(in srgb, var(--line) 60%, transparent); border-radius: 3px; }
.bar.thin { height: .25rem; margin: .35rem 0; }
.bars { list-style: none; margin: .5rem 0 .2rem; padding: 0; display: grid; grid-template-columns: fit-content(45%) minmax(2rem, 1fr) max-content; gap: .3rem .6rem; }
.bars li { display: grid; grid-column: 1 / -1; grid-template-columns: 8rem minmax(2rem, 1fr) 6.6rem; grid-template-columns: subgrid; align-items: center; font-size: .88rem; }
.bars li > span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars li > span:last-child { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
.bars.wide { max-width: 56rem; }
.bars.wide li { font-size: .95rem; }
.bars.wide li > span:first-child { white-space: normal; overflow-wrap: anywhere; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .5rem 0; padding: 0; }
.legend li { display: flex; align-items: center; gap: .4rem; overflow-wrap: anywhere; }
.key { width: .9rem; height: .9rem; border-radius: 3px; flex: none; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr)); gap: .25rem .9rem; margin: .7rem 0 .3rem; font-size: .88rem; }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: .78rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
details { margin-top: .35rem; font-size: .88rem; }
summary { cursor: pointer; color: var(--soft); padding: .2rem 0; }
details ul { margin: .2rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.scroll { position: relative; overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
.pairs td:nth-child(n+3), .pairs th:nth-child(n+3), .scroll table td { text-align: right; }
.pairs td:nth-child(-n+2) { text-align: left; overflow-wrap: anywhere; }
.heat td, .heat th { border: 0; }
.scroll .heat td { text-align: center; }
.heat td { width: 2.9rem; min-width: 2.9rem; height: 2.1rem; padding: 0; font-size: .8rem; }
.heat.dense td { width: 1rem; min-width: 1rem; height: 1rem; }
.heat.dense th { font-size: .7rem; padding: 0 .3rem 0 0; line-height: 1; }
.heat th[scope=row] { white-space: nowrap; text-align: right; font-weight: 400; color: var(--ink); position: sticky; left: 0; background: var(--paper); }
.heat th[scope=col] { vertical-align: bottom; padding: 0 0 .3rem; font-weight: 400; color: var(--ink); }
.heat th[scope=col] span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 11rem; display: inline-block; white-space: nowrap; }
${fills}
.plain { fill: var(--plain); }
${shades("p", "--plus")}
${shades("n", "--minus")}
${turned(8)} { color: var(--paper); }
@media (prefers-color-scheme: dark) { ${turned(6)} { color: var(--paper); } }
@media (max-width: 40rem) {
  header, main { padding-left: .9rem; padding-right: .9rem; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .bars.wide { grid-template-columns: minmax(0, 1fr) max-content; }
  .bars.wide li > span:first-child { grid-column: 1 / -1; }
}
@media print { .tools { display: none; } .card { break-inside: avoid; content-visibility: visible; } }
`;
