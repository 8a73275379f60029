/** The style of the pages, for light and dark, wide and narrow screens. */
export const STYLE = `
:root { --ink: #1a1d21; --soft: #5b636d; --line: #d8dce1; --paper: #fff; --field: #f6f7f9; --mark: #2457d6; --on-mark: #fff; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a2a9b3; --line: #3a4048; --paper: #16181b; --field: #1f2226; --mark: #8ab0ff; --on-mark: #10131a; --bad: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; padding: .75rem 1.25rem; border-bottom: 1px solid var(--line); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: var(--mark); text-decoration: none; }
a:hover, a[aria-current] { text-decoration: underline; }
main { max-width: 76rem; margin: 0 auto; padding: 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; }
.soft { color: var(--soft); }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: .9rem 1.25rem; margin: 1rem 0; }
label { display: block; font-weight: 600; overflow-wrap: anywhere; }
label small { display: block; font-weight: 400; color: var(--soft); }
input, select { width: 100%; margin-top: .2rem; padding: .5rem .6rem; font: inherit; font-weight: 400; color: inherit; background: var(--field); border: 1px solid var(--line); border-radius: 6px; min-height: 2.6rem; }
input:user-invalid { border-color: var(--bad); }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
button { font: inherit; font-weight: 600; padding: .55rem 1.1rem; min-height: 2.75rem; border-radius: 6px; border: 1px solid var(--line); background: var(--field); color: inherit; cursor: pointer; }
button.main { background: var(--mark); color: var(--on-mark); border-color: var(--mark); }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; }
.columns { display: grid; gap: 1rem 2.5rem; }
@media (min-width: 62rem) { .columns { grid-template-columns: 1fr 24rem; } .answers { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; } }
.pair { display: grid; grid-template-columns: 1fr 7rem; gap: .75rem; align-items: center; }
input[type=range] { padding: 0; border: 0; background: none; accent-color: var(--mark); }
input[type=range].unknown { opacity: .4; }
#example { width: auto; max-width: 100%; margin-left: .4rem; }
#result { min-height: 3rem; }
.effects, .drift { list-style: none; margin: .5rem 0; padding: 0; }
.effects li { display: grid; grid-template-columns: minmax(4rem, 9rem) 1fr 4.75rem; gap: .75rem; align-items: center; margin: .3rem 0; }
.effects span, .drift span { overflow-wrap: anywhere; }
.effects span:last-child, .drift span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.effects svg { width: 100%; height: .9rem; }
.effects line { stroke: var(--line); vector-effect: non-scaling-stroke; }
.more { fill: var(--mark); }
.less { fill: var(--bad); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; }
.figure { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .8rem; }
.figure strong { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.chart { width: 100%; height: 4rem; margin: .75rem 0; border-bottom: 1px solid var(--line); }
.chart polyline { stroke: var(--mark); stroke-width: 2; vector-effect: non-scaling-stroke; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
.drift li { display: grid; grid-template-columns: minmax(0, 16rem) 5rem minmax(6rem, 1fr); gap: .75rem; padding: .2rem 0; border-bottom: 1px solid var(--line); }
.drift .warning span:nth-child(2) { font-weight: 700; }
.drift .drift span:nth-child(2) { font-weight: 700; color: var(--bad); }
#result .answer { font-size: 1.5rem; font-weight: 700; overflow-wrap: anywhere; }
#result.failed { color: var(--bad); }
.bar { display: grid; grid-template-columns: minmax(5rem, 12rem) 1fr 4.5rem; gap: .75rem; align-items: center; margin: .3rem 0; }
.bar span { overflow-wrap: anywhere; }
.bar span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
progress { width: 100%; height: .8rem; accent-color: var(--mark); }
pre { background: var(--field); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; font-size: .875rem; line-height: 1.45; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
pre code { overflow-wrap: normal; }
#curl { white-space: pre-wrap; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; padding: 0 .9rem; }
summary { padding: .6rem 0; cursor: pointer; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 700; color: var(--mark); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
`;
