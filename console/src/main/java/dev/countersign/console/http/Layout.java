package dev.countersign.console.http;

/// The frame of every page: head, bar and style. Plain HTML and CSS, no scripts.
final class Layout {
  private static final String STYLE =
      """
      :root { --back: #f4f5f7; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de;
        --act: #0b5cad; --on-act: #ffffff; --bad: #a40e26; --good: #116329; --warn: #7d4e00;
        --mark: #eaf2fb; }
      @media (prefers-color-scheme: dark) {
        :root { --back: #0d1117; --card: #161b22; --text: #e6edf3; --soft: #9aa4af; --line: #3d444d;
          --act: #58a6ff; --on-act: #04152b; --bad: #ff8080; --good: #5bd07a; --warn: #e3b341;
          --mark: #16283d; } }
      * { box-sizing: border-box; }
      body { margin: 0; background: var(--back); color: var(--text);
        font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
      a { color: var(--act); }
      .skip { position: absolute; left: -999rem; } .skip:focus { left: 1rem; top: .5rem; }
      header { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center;
        padding: .75rem 1.25rem; background: var(--card); border-bottom: 1px solid var(--line); }
      header strong { margin-right: auto; letter-spacing: .01em; }
      header form { margin: 0; } header .soft { font-size: .9375rem; }
      main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
      h1 { margin: 0 0 .25rem; font-size: 1.5rem; line-height: 1.25; }
      h2 { margin: 2rem 0 .5rem; font-size: 1.125rem; }
      h3 { margin: 0; font-size: 1rem; }
      .soft { color: var(--soft); } .small { font-size: .875rem; }
      .card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
        padding: 1.25rem; margin: 1rem 0; }
      .narrow { max-width: 32rem; margin: 8vh auto 0; }
      .columns { display: grid; grid-template-columns: 16rem minmax(0, 1fr); gap: 1.5rem; }
      .tools { list-style: none; margin: 1rem 0 0; padding: 0; }
      .tools a { display: block; padding: .5rem .75rem; border-radius: .5rem; color: inherit;
        text-decoration: none; border-left: .25rem solid transparent; overflow-wrap: anywhere; }
      .tools a:hover { background: var(--mark); }
      .tools a[aria-current] { background: var(--mark); border-color: var(--act); font-weight: 600; }
      .providers { display: grid; gap: .75rem; margin-top: 1.25rem; }
      .button, button { display: inline-block; min-height: 2.75rem; padding: .5rem 1.25rem;
        border: 1px solid var(--act); border-radius: .5rem; background: var(--act);
        color: var(--on-act); font: inherit; font-weight: 600; text-align: center;
        text-decoration: none; cursor: pointer; }
      button.plain { background: transparent; color: var(--text); border-color: var(--line);
        min-height: 2.25rem; padding: .25rem .75rem; }
      label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
      input, select, textarea { width: 100%; max-width: 28rem; padding: .5rem .75rem; font: inherit;
        color: inherit; background: var(--back); border: 1px solid var(--soft);
        border-radius: .5rem; }
      .hint { margin: .125rem 0 0; color: var(--soft); font-size: .875rem; }
      .actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
      .call { border-left: .3rem solid var(--line); }
      .call > p { margin: .5rem 0; overflow-wrap: anywhere; }
      .call.good { border-left-color: var(--good); } .call.bad { border-left-color: var(--bad); }
      .call.warn { border-left-color: var(--warn); }
      .badge { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor;
        border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
      .badge.good { color: var(--good); } .badge.bad { color: var(--bad); }
      .badge.warn { color: var(--warn); }
      .head { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: baseline; }
      .note { padding: .75rem 1rem; border-left: .3rem solid var(--soft); background: var(--card);
        border-radius: .25rem; }
      .note.good { border-color: var(--good); } .note.bad { border-color: var(--bad); }
      .card > .note:first-child { margin-top: 0; background: var(--back); }
      nav h2 { margin-top: 1.25rem; }
      .wide { margin-top: 1rem; } td a code { white-space: nowrap; }
      dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .125rem 1rem;
        margin: .5rem 0; font-size: .9375rem; }
      dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; } dd dl { margin: 0; }
      code, .value { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .9em;
        overflow-wrap: anywhere; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
      th, td { padding: .4rem .75rem .4rem 0; text-align: left; vertical-align: top;
        border-bottom: 1px solid var(--line); }
      th { color: var(--soft); font-weight: 600; white-space: nowrap; }
      td.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
      .line { list-style: none; margin: 1.5rem 0; padding: 0; border-left: 2px solid var(--line); }
      .line > li { position: relative; padding: 0 0 1.25rem 1.25rem; }
      .line > li::before { content: ""; position: absolute; left: -.4375rem; top: .45rem; width: .75rem;
        height: .75rem; border-radius: 50%; background: var(--soft); }
      .line > li.good::before { background: var(--good); }
      .line > li.bad::before { background: var(--bad); }
      .line > li.warn::before { background: var(--warn); }
      .picture svg { display: block; min-width: 60rem; width: 100%; background: var(--card);
        border: 1px solid var(--line); border-radius: .75rem; }
      .picture text { font: 12px system-ui, sans-serif; fill: var(--text); }
      .picture text.lane { font-weight: 600; font-size: 14px; text-anchor: middle; }
      .picture text.what { text-anchor: middle; paint-order: stroke; stroke: var(--card);
        stroke-width: 4px; }
      .picture text.time { fill: var(--soft); }
      .picture line.lane { stroke: var(--line); stroke-width: 2; }
      .picture path.way { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 4 3; fill: none; }
      .picture circle.done { fill: var(--good); } .picture circle.refused { fill: var(--warn); }
      .picture circle.killed { fill: var(--bad); }
      :focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
      @media (max-width: 48rem) { .columns { grid-template-columns: minmax(0, 1fr); }
        dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: .25rem; } }
      """;

  private Layout() {}

  /// A whole page.
  ///
  /// @param bar what stands in the bar beside the name, as markup
  /// @param body markup
  static String page(String title, String bar, String body) {
    return """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>%s · Countersign</title>
    <style>
    %s</style>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header><strong>Countersign</strong>%s</header>
    <main id="main">
    %s
    </main>
    </body>
    </html>
    """
        .formatted(Html.text(title), STYLE, bar, body);
  }

  /// A page with one message.
  static String message(String title, String text) {
    return page(
        title,
        "",
        "<div class=\"card narrow\"><h1>%s</h1><p>%s</p><p><a href=\"/\">To the start</a></p></div>"
            .formatted(Html.text(title), Html.text(text)));
  }
}
