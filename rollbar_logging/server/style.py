"""The pages' one style sheet: dark and light, wide and narrow."""

STYLE_SHEET = """\
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #fff; --ink: #22252b; --quiet: #666c77; --line: #e2e0db; --link: #1d5fa8;
  --mark: #fff0b8; --debug: #6b7280; --info: #2563a8; --warning: #96620a; --error: #bb2d2d; --critical: #8a1c7c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17191d; --card: #1f2227; --ink: #e3e4e8; --quiet: #9aa1ad; --line: #343941; --link: #86b7f2;
    --mark: #51471f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; gap: .75rem; align-items: baseline; padding: .75rem 1rem;
  border-bottom: 1px solid var(--line); }
header a { font-weight: 700; text-decoration: none; color: var(--ink); }
header span, .quiet, .rows p, small { color: var(--quiet); font-size: .875rem; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
h1 { font-size: 1.35rem; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
ul + h2 { margin-top: 2rem; }
.quiet { margin: .25rem 0; overflow-wrap: anywhere; }
section, .rows { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
section { padding: 1rem; margin: 1rem 0; }
section .rows { border: 0; }
.rows { list-style: none; margin: 0; padding: 0; }
.rows li { display: grid; grid-template-columns: 5rem minmax(0, 1fr) auto; gap: .75rem; padding: .6rem .9rem;
  align-items: start; }
.rows li + li { border-top: 1px solid var(--line); }
.rows a { font-weight: 600; text-decoration: none; overflow-wrap: anywhere; }
.rows a:hover { text-decoration: underline; }
.rows p { margin: 0; }
.rows pre { margin: 0; }
.badge { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; background: var(--debug); color: #fff;
  font-size: .75rem; font-weight: 600; text-align: center; vertical-align: middle; overflow-wrap: anywhere; }
.badge.info { background: var(--info); }
.badge.warning { background: var(--warning); }
.badge.error { background: var(--error); }
.badge.critical { background: var(--critical); }
code, pre { font: .85rem/1.5 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.message { font-size: 1rem; }
.frame { border-top: 1px solid var(--line); padding: .35rem 0; }
.frame summary, section summary { cursor: pointer; overflow-wrap: anywhere; }
.code { white-space: pre; overflow-x: auto; background: var(--paper); border-radius: .35rem; padding: .5rem; }
.code i { color: var(--quiet); font-style: normal; user-select: none; }
mark { background: var(--mark); color: inherit; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { border-top: 1px solid var(--line); padding: .3rem .5rem .3rem 0; text-align: left; vertical-align: top; }
th { width: 25%; font-weight: 500; color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
td pre { margin: 0; }
@media (max-width: 34rem) {
  main { padding: .6rem; }
  .rows li { grid-template-columns: minmax(0, 1fr) auto; }
  .rows .badge { grid-column: 1; justify-self: start; }
  .rows div { grid-column: 1 / -1; grid-row: 2; }
  section { padding: .7rem; }
  th { width: 34%; }
}
"""
