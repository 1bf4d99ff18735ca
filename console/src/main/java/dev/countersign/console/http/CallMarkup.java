package dev.countersign.console.http;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.ToolInfo;
import dev.countersign.console.Call;
import dev.countersign.console.Session;
import dev.countersign.console.ToolForm;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The page on which a person calls tools.
final class CallMarkup {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
  private static final String DIAGNOSTICS = "dev.countersign/";

  private final Session session;
  private final boolean hasChat;
  private final boolean isOperator;

  /// @param hasChat whether there is a chat to go to
  /// @param isOperator whether traces are linked
  CallMarkup(Session session, boolean hasChat, boolean isOperator) {
    this.session = session;
    this.hasChat = hasChat;
    this.isOperator = isOperator;
  }

  /// The page.
  ///
  /// @param chosen the tool whose form is shown
  /// @param problem what is wrong with the form that was sent, or empty
  String page(List<ToolInfo> tools, ToolForm chosen, String problem) {
    var body = new StringBuilder("<div class=\"columns\"><nav aria-label=\"Tools\">");
    body.append("<h2>Tools</h2><ul class=\"tools\">");
    for (ToolInfo tool : tools) {
      body.append(
          "<li><a href=\"/call?tool=%s\"%s>%s</a></li>"
              .formatted(
                  Html.text(Query.encode(tool.name())),
                  tool.name().equals(chosen.tool().name()) ? " aria-current=\"page\"" : "",
                  Html.text(tool.name())));
    }
    body.append("</ul></nav><div>")
        .append(form(chosen, problem))
        .append(history())
        .append("</div>");
    return Layout.page(chosen.tool().name(), bar(), body.append("</div>").toString());
  }

  /// The page where there is no tool to call.
  String withoutTools(String reason) {
    return Layout.page(
        "Tools",
        bar(),
        "<h1>No tools</h1><p class=\"note\" role=\"status\">"
            + Html.text(reason)
            + "</p>"
            + history());
  }

  private String bar() {
    return "<span class=\"soft\">"
        + Html.text(session.person())
        + " · "
        + Html.text(session.provider().label())
        + "</span>"
        + (hasChat ? "<a href=\"/chat\">Chat</a>" : "")
        + (isOperator ? "<a href=\"/ledger\">Ledger</a>" : "")
        + "<form method=\"post\" action=\"/sign-out\">"
        + csrf()
        + "<button class=\"plain\" type=\"submit\">Sign out</button></form>";
  }

  private String csrf() {
    return "<input type=\"hidden\" name=\"csrf\" value=\""
        + Html.text(session.csrf().reveal())
        + "\">";
  }

  private String form(ToolForm form, String problem) {
    ToolInfo tool = form.tool();
    var html = new StringBuilder("<div class=\"card\"><h1>");
    html.append(Html.text(title(tool))).append("</h1><p class=\"soft\">");
    html.append(Html.text(tool.description())).append("</p>");
    if (!problem.isEmpty()) {
      html.append("<p class=\"note bad\" role=\"alert\">")
          .append(Html.text(problem))
          .append("</p>");
    }
    html.append("<form method=\"post\" action=\"/call\">").append(csrf());
    html.append("<input type=\"hidden\" name=\"tool\" value=\"")
        .append(Html.exact(tool.name()))
        .append("\">");
    form.fields().forEach(field -> html.append(field(field)));
    return html.append(
            "<div class=\"actions\"><button type=\"submit\">Call</button></div></form></div>")
        .toString();
  }

  private static String title(ToolInfo tool) {
    String title = tool.definition().path("title").asString("");
    return title.isEmpty() ? tool.name() : title;
  }

  private static String field(ToolForm.Field field) {
    String name = Html.text(ToolForm.PREFIX + field.name());
    String common =
        " id=\"%1$s\" name=\"%1$s\"%2$s%3$s"
            .formatted(
                name,
                field.isRequired() ? " required" : "",
                field.description().isEmpty() ? "" : " aria-describedby=\"" + name + "-hint\"");
    String control =
        switch (field.kind()) {
          case TEXT ->
              "<input type=\"text\"%s value=\"%s\"%s>"
                  .formatted(
                      common,
                      Html.text(field.standard()),
                      field.pattern().isEmpty()
                          ? ""
                          : " pattern=\"" + Html.text(field.pattern()) + "\"");
          case INTEGER ->
              "<input type=\"text\" inputmode=\"numeric\" pattern=\"-?[0-9]+\"%s value=\"%s\">"
                  .formatted(common, Html.text(field.standard()));
          case NUMBER ->
              "<input type=\"text\" inputmode=\"decimal\"%s value=\"%s\">"
                  .formatted(common, Html.text(field.standard()));
          case FLAG -> select(common, field, List.of("true", "false"));
          case CHOICE -> select(common, field, field.choices());
          case JSON -> "<textarea rows=\"4\"%s></textarea>".formatted(common);
        };
    String hint =
        field.description().isEmpty()
            ? ""
            : "<p class=\"hint\" id=\"%s-hint\">%s</p>"
                .formatted(name, Html.text(field.description()));
    return "<label for=\"%s\">%s%s</label>%s%s"
        .formatted(
            name,
            Html.text(field.name()),
            field.isRequired() ? "" : " <span class=\"soft\">(optional)</span>",
            control,
            hint);
  }

  private static String select(String common, ToolForm.Field field, List<String> choices) {
    var html = new StringBuilder("<select").append(common).append(">");
    html.append("<option value=\"\"></option>");
    for (String choice : choices) {
      html.append(
          "<option%s>%s</option>"
              .formatted(choice.equals(field.standard()) ? " selected" : "", Html.text(choice)));
    }
    return html.append("</select>").toString();
  }

  private String history() {
    List<Call> calls = session.calls();
    if (calls.isEmpty()) {
      return "";
    }
    var html = new StringBuilder("<h2 id=\"calls\">Calls of this session</h2>");
    calls.forEach(call -> html.append(call(call)));
    return html.toString();
  }

  private String call(Call call) {
    return switch (call.outcome()) {
      case CallOutcome.Done(String text, JsonNode structured, var diagnostics) ->
          article(
              call,
              "good",
              "done",
              structured.isNull() ? "<p>" + Html.text(text) + "</p>" : Html.value(structured),
              diagnostics.path(DIAGNOSTICS + "jti").asString(""));
      case CallOutcome.ApprovalRequired approval -> approval(call, approval);
      case CallOutcome.Denied(String reason, String code, String jti, List<String> reasons) ->
          article(call, "bad", "denied", denial(reason, code, reasons), jti);
      case CallOutcome.SignInRequired _ ->
          article(call, "bad", "signed out", "<p>The gateway asks you to sign in again.</p>", "");
      case CallOutcome.Failed(String code, String text, var diagnostics) ->
          article(
              call,
              "warn",
              "failed",
              "<p>" + Html.text(text) + " <code>" + Html.text(code) + "</code></p>",
              diagnostics.path(DIAGNOSTICS + "jti").asString(""));
    };
  }

  private String approval(Call call, CallOutcome.ApprovalRequired approval) {
    String page =
        isWebAddress(approval.url())
            ? "<a class=\"button\" href=\"%s\" target=\"_blank\" rel=\"noopener noreferrer\">Approve here</a>"
                .formatted(Html.text(approval.url().toString()))
            : "";
    String body =
        """
        <p>This needs your approval until %s. The code in your mail belongs on Countersign's page only; afterwards call again with the same arguments.</p>
        <div class="actions">%s<form method="post" action="/call">%s%s<button class="plain" type="submit">Call again</button></form></div>
        """
            .formatted(Html.text(time(approval.expiresAt())), page, csrf(), repeated(call));
    return article(call, "warn", "approval needed", body, approval.jti());
  }

  private static boolean isWebAddress(URI address) {
    return Set.of("http", "https").contains(String.valueOf(address.getScheme()))
        && address.getHost() != null;
  }

  private static String repeated(Call call) {
    var html = new StringBuilder();
    html.append("<input type=\"hidden\" name=\"tool\" value=\"")
        .append(Html.exact(call.tool()))
        .append("\">");
    call.arguments()
        .properties()
        .forEach(argument ->
            html.append("<input type=\"hidden\" name=\"")
                .append(Html.exact(ToolForm.PREFIX + argument.getKey()))
                .append("\" value=\"")
                .append(
                    Html.exact(
                        argument.getValue().isString()
                            ? argument.getValue().stringValue()
                            : StrictJson.write(argument.getValue())))
                .append("\">"));
    return html.toString();
  }

  private static String denial(String reason, String code, List<String> reasons) {
    var html = new StringBuilder("<p>").append(Html.text(reason)).append(" <code>");
    html.append(Html.text(code)).append("</code></p>");
    if (!reasons.isEmpty()) {
      html.append("<ul>");
      reasons.forEach(rule -> html.append("<li>").append(Html.text(rule)).append("</li>"));
      html.append("</ul>");
    }
    return html.toString();
  }

  private String article(Call call, String mood, String word, String body, String jti) {
    String trace =
        jti.isEmpty()
            ? ""
            : isOperator
                ? "<p class=\"small\">Trace <a href=\"/trace/%s\"><code>%s</code></a></p>"
                    .formatted(Html.text(Query.encode(jti)), Html.text(jti))
                : "<p class=\"small soft\">Trace <code>" + Html.text(jti) + "</code></p>";
    return """
    <article class="card call %s"><div class="head"><h3>%s</h3><span class="badge %s">%s</span><span class="soft small">%s</span></div>
    %s%s%s</article>
    """
        .formatted(
            mood,
            Html.text(call.tool()),
            mood,
            Html.text(word),
            Html.text(time(call.at())),
            call.arguments().isEmpty()
                ? ""
                : "<p class=\"soft small\"><code>"
                    + Html.text(StrictJson.write(call.arguments()))
                    + "</code></p>",
            body,
            trace);
  }

  private static String time(Instant time) {
    return CLOCK.format(time);
  }
}
