package dev.countersign.server.prove;

/// How the page of a report looks. No script, no font, no picture: it may be mailed and printed.
final class HtmlStyle {
  static final String HEAD =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>{title}</title>
      <style>
        :root {
          color-scheme: light dark;
          --paper: #ffffff; --ink: #17202c; --soft: #55606f; --line: #d9dfe7; --card: #f6f8fa;
          --held: #11683c; --held-paper: #e5f5ec; --broken: #a31621; --broken-paper: #fdebec;
          --untried: #7a4b00; --untried-paper: #fdf3df; --link: #1a4fa3;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #11161d; --ink: #e8edf3; --soft: #a7b1be; --line: #2d3743; --card: #19212b;
            --held: #7fdca7; --held-paper: #12301f; --broken: #ff9ca3; --broken-paper: #401a1e;
            --untried: #f1c877; --untried-paper: #382a10; --link: #8db8ff;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
               font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
        main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
        header { border-radius: .9rem; padding: 1.6rem 1.6rem 1.3rem; border: 1px solid; }
        header.held { color: var(--held); background: var(--held-paper); }
        header.broken { color: var(--broken); background: var(--broken-paper); }
        header.untried { color: var(--untried); background: var(--untried-paper); }
        h1 { font-size: clamp(1.6rem, 5vw, 2.4rem); line-height: 1.15; margin: .2rem 0 .4rem; }
        h2 { font-size: 1.15rem; line-height: 1.35; margin: 2.4rem 0 .6rem; }
        .kicker { margin: 0; font-weight: 600; letter-spacing: .01em; }
        .lead { margin: 0; font-size: 1.05rem; color: var(--ink); }
        a { color: var(--link); text-underline-offset: .18em; }
        a:focus-visible, summary:focus-visible, .scroll:focus-visible
          { outline: 3px solid var(--link); outline-offset: 2px; }
        dl { margin: 0; }
        .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
                 gap: .9rem 1.5rem; margin-top: 1.4rem; }
        dt { color: var(--soft); font-size: .84rem; }
        dd { margin: 0; overflow-wrap: anywhere; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: .55rem .7rem .55rem 0;
                 border-bottom: 1px solid var(--line); }
        thead th { color: var(--soft); font-size: .84rem; font-weight: 600; }
        tbody th { font-weight: 400; min-width: 15rem; }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        .badge { display: inline-block; white-space: nowrap; border-radius: 1rem; padding: .05rem .6rem;
                 font-size: .82rem; font-weight: 600; border: 1px solid currentColor; }
        .badge.held { color: var(--held); background: var(--held-paper); }
        .badge.broken { color: var(--broken); background: var(--broken-paper); }
        .badge.untried { color: var(--untried); background: var(--untried-paper); }
        section { border-top: 1px solid var(--line); margin-top: 2rem; scroll-margin-top: 1rem; }
        section h2 { margin-top: 1.2rem; }
        .threat { color: var(--soft); margin: 0 0 .5rem; }
        summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
        .trials { list-style: none; margin: .5rem 0 0; padding: 0; }
        .trials li { background: var(--card); border: 1px solid var(--line); border-left-width: .3rem;
                     border-radius: .5rem; padding: .7rem .9rem; margin: .5rem 0; }
        .trials li.held { border-left-color: var(--held); }
        .trials li.broken { border-left-color: var(--broken); }
        .trials li.untried { border-left-color: var(--untried); }
        .tried { margin: 0 0 .45rem; font-weight: 600; }
        .tried .badge { margin-right: .3rem; }
        .control { color: var(--soft); font-weight: 400; }
        .trials dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .35rem 1rem; }
        code, pre { font: .88em/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; }
        pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem;
              white-space: pre-wrap; overflow-wrap: anywhere; }
        footer { border-top: 1px solid var(--line); margin-top: 2.5rem; }
        @media print { .badge, header { print-color-adjust: exact; } section { break-inside: avoid-page; } }
        @media (max-width: 40rem) {
          header { padding: 1.1rem; }
          table.overview, table.overview tbody, table.overview tr, table.overview td, table.overview tbody th
            { display: block; }
          table.overview thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
          table.overview tr { border-bottom: 1px solid var(--line); padding: .7rem 0; }
          table.overview td, table.overview tbody th { border: 0; padding: .1rem 0; text-align: left; min-width: 0; }
          table.overview td:nth-child(3)::before { content: "Refused by "; color: var(--soft); }
          table.overview td:nth-child(4)::before { content: "Attacks "; color: var(--soft); }
        }
      </style>
      </head>
      <body>
      """;

  private HtmlStyle() {}
}
