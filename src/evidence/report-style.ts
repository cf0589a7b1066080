/** How a report looks, on a screen and on A4 paper; colour never says anything that a word does not. */

export const reportStyle: string = `
:root { color-scheme: light dark; --line: light-dark(#c9ccd1, #4a4f57); --soft: light-dark(#f4f5f7, #23262b); --good: light-dark(#1a6b3a, #7fd6a0); --bad: light-dark(#a3201c, #ff9b95); --wait: light-dark(#7a5200, #f0c674); --you: light-dark(#1f4e8c, #9cc4ff); }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; } h2 { font-size: 1.35rem; margin: 2.5rem 0 0.5rem; } h3 { margin: 1.75rem 0 0.25rem; }
table { width: 100%; border-collapse: collapse; margin: 0.75rem 0; overflow-wrap: anywhere; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.6rem; border: 1px solid var(--line); }
thead th { background: var(--soft); } tbody th { font-weight: 600; }
.findings th:first-child { width: 11%; } .findings td:nth-child(2) { width: 34%; } .checks th:first-child { width: 34%; } .checks td:nth-child(2) { width: 10%; }
.to-do th:first-child { width: 44%; } .to-do tbody th { font-weight: 400; } th, td.met, td.failed, td.open { overflow-wrap: break-word; } code { font-size: 0.9em; }
.findings ul { margin: 0; padding-left: 1.1rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
small { color: light-dark(#5c6066, #a4a9b1); font-weight: 400; }
td.met, dt.met { color: var(--good); } td.failed, dt.failed { color: var(--bad); } td.open, dt.open { color: var(--wait); } td.yours, dt.yours { color: var(--you); }
td.met, td.failed, td.open, td.yours, dt { font-weight: 600; }
dd { margin: 0 0 0.5rem 1.25rem; }
@page { size: A4; margin: 18mm 15mm; }
@media print { :root { color-scheme: light; } body { font-size: 9.5pt; } main { max-width: none; padding: 0; } tr, li, dt { break-inside: avoid; } h2, h3, caption { break-after: avoid; } thead { display: table-header-group; } a { color: inherit; text-decoration: none; } }
`
