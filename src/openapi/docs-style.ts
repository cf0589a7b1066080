/** How the page `/docs` looks, by day and by night. */

export const docsStyle: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fdfdfc, #16181c); --side: light-dark(#f4f4f1, #1c1f24); --ink: light-dark(#1d2126, #e4e6ea);
  --soft: light-dark(#5b636e, #9aa3af); --line: light-dark(#dedfda, #30353d); --code: light-dark(#f1f1ec, #20242a);
  --link: light-dark(#1a5fb4, #8ab8ff); --get: light-dark(#1b6e3c, #6fcf97); --post: light-dark(#1a5fb4, #8ab8ff);
  --patch: light-dark(#8a5300, #f0b860); --delete: light-dark(#a3222c, #ff8f95); --put: light-dark(#6b3fa0, #c9a5f7);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif;
  display: grid; grid-template: auto 1fr / 16.5rem minmax(0, 1fr); min-height: 100vh; }
a { color: var(--link); } code, pre, textarea, .path, .verb { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.unseen, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: fixed; z-index: 3; top: .5rem; left: .5rem; padding: .5rem 1rem; background: var(--paper); border: 1px solid; }
header { grid-column: 1 / -1; position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem;
  align-items: center; padding: .6rem 1.25rem; background: var(--paper); border-bottom: 1px solid var(--line); }
.name { margin: 0 auto 0 0; font-size: 1.05rem; } .raw { font-size: .875rem; }
header form { display: flex; gap: .5rem; align-items: center; } label { font-size: .875rem; color: var(--soft); }
input, textarea, button { font: inherit; font-size: .875rem; color: inherit; background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px; padding: .35rem .6rem; }
button { cursor: pointer; background: var(--code); } button:hover { border-color: var(--soft); }
nav { position: sticky; top: 3.4rem; align-self: start; max-height: calc(100vh - 3.4rem); overflow: auto; padding: 1rem;
  background: var(--side); border-right: 1px solid var(--line); min-height: calc(100vh - 3.4rem); }
nav input { width: 100%; } nav h2 { margin: 1rem 0 .2rem; font-size: .8125rem; letter-spacing: .01em; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: flex; gap: .5rem; align-items: baseline; padding: .15rem .4rem; border-radius: 5px; color: inherit;
  font-size: .875rem; text-decoration: none; } nav li a:hover { background: var(--line); }
.verb { font-size: .6875rem; font-weight: 700; text-transform: uppercase; color: var(--soft); min-width: 3.6em; }
.get { color: var(--get); } .post { color: var(--post); } .patch { color: var(--patch); } .delete { color: var(--delete); } .put { color: var(--put); }
main { padding: 1.5rem 2.25rem 6rem; max-width: 62rem; outline: none; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .3rem 0 .6rem; text-wrap: balance; }
section > h2 { margin: 3rem 0 .2rem; font-size: 1.375rem; } .about { color: var(--soft); margin: 0 0 1rem; max-width: 44rem; }
details.op { border: 1px solid var(--line); border-radius: 9px; margin: .5rem 0; }
details.op > summary { display: flex; flex-wrap: wrap; gap: .15rem .8rem; align-items: baseline; padding: .55rem .9rem; cursor: pointer; }
details.op > summary::-webkit-details-marker { display: none; } details.op[open] > summary { border-bottom: 1px solid var(--line); }
.op .verb { font-size: .8125rem; min-width: 4.4em; } .op .what { color: var(--soft); margin-left: auto; font-size: .9rem; }
.in { padding: .4rem 1rem 1.1rem; } .in > p { max-width: 46rem; } h4 { margin: 1.2rem 0 .35rem; font-size: .9375rem; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; } th, td { text-align: left; vertical-align: top;
  padding: .4rem .8rem .4rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; } th { font-weight: 500; width: 13rem; }
th code { font-weight: 600; } .type { display: block; color: var(--soft); font-size: .8125rem; } .need { color: var(--delete); font-size: .75rem; }
pre { margin: .3rem 0; padding: .75rem .9rem; background: var(--code); border-radius: 8px; overflow: auto; max-height: 26rem;
  font-size: .8125rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; }
code { font-size: .92em; } td code, p code { background: var(--code); border-radius: 4px; padding: .05em .3em; }
.try { margin-top: 1.2rem; padding: .3rem 1rem 1rem; background: var(--side); border-radius: 8px; }
.try label { display: block; margin: .6rem 0 .2rem; } .try input, .try textarea { width: 100%; }
#status { margin: 0; font-size: .875rem; color: var(--soft); } .try textarea { font: .8125rem/1.5 ui-monospace, Menlo, Consolas, monospace; } .try .row { display: flex; gap: .5rem; margin-top: .7rem; align-items: center; } .more { margin-top: .6rem; font-size: .9rem; } .more summary { cursor: pointer; }
@media (max-width: 52rem) { body { display: block; } nav { position: static; min-height: 0; max-height: 14rem; border: 0; } main { padding: 1rem; }
  header { position: static; } .op .what { margin-left: 0; width: 100%; } th { width: 9rem; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`
