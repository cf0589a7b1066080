/** How the page of `/graphql` looks, by day and by night. */

export const explorerStyle: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fdfdfc, #16181c); --side: light-dark(#f4f4f1, #1c1f24); --ink: light-dark(#1d2126, #e4e6ea);
  --soft: light-dark(#5b636e, #9aa3af); --line: light-dark(#dedfda, #30353d); --code: light-dark(#f1f1ec, #20242a);
  --link: light-dark(#1a5fb4, #8ab8ff); --type: light-dark(#8a5300, #f0b860); --wrong: light-dark(#a3222c, #ff8f95);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  display: grid; grid-template: auto 1fr / 20rem minmax(0, 1fr) minmax(0, 1fr); height: 100vh; }
a { color: var(--link); } code, pre, textarea { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.unseen, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: fixed; z-index: 3; top: .5rem; left: .5rem; padding: .5rem 1rem; background: var(--paper); border: 1px solid; }
header { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .6rem 1.25rem;
  border-bottom: 1px solid var(--line); }
.name { margin: 0 auto 0 0; } header form { display: flex; gap: .5rem; align-items: center; } label { font-size: .875rem; color: var(--soft); }
input, textarea, button, select { font: inherit; font-size: .875rem; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 6px; padding: .35rem .6rem; }
button { cursor: pointer; background: var(--code); } button:hover { border-color: var(--soft); }
nav { overflow: auto; padding: 1rem; background: var(--side); border-right: 1px solid var(--line); }
nav > input { width: 100%; } nav h2 { margin: 1rem 0 .2rem; font-size: .8125rem; color: var(--soft); }
details { font-size: .8125rem; border-left: 1px solid var(--line); padding-left: .6rem; margin: .15rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; } details p { margin: .2rem 0; color: var(--soft); }
.type { color: var(--type); } .type::before { content: ": "; color: var(--soft); } .use { font-size: .75rem; padding: .1rem .5rem; }
main { display: flex; flex-direction: column; gap: .4rem; padding: 1rem; outline: none; min-height: 0; overflow: auto; }
main textarea { width: 100%; resize: vertical; font-size: .8125rem; line-height: 1.5; tab-size: 2; } #document { flex: 1; min-height: 12rem; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
#answer { overflow: auto; padding: 1rem; border-left: 1px solid var(--line); } #answer p { margin: 0 0 .5rem; color: var(--soft); }
pre { margin: 0 0 .8rem; padding: .75rem .9rem; background: var(--code); border-radius: 8px; overflow: auto; font-size: .8125rem;
  white-space: pre-wrap; overflow-wrap: anywhere; } .wrong { color: var(--wrong); } #status { margin: .5rem 0 0; font-size: .8125rem; color: var(--soft); }
@media (max-width: 64rem) { body { display: block; height: auto; } nav { max-height: 14rem; border: 0; } #answer { border: 0; } }
`
