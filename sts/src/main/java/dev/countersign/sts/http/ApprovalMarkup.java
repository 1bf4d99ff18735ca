package dev.countersign.sts.http;

import static dev.countersign.sts.stepup.Words.html;

import dev.countersign.policy.Factor;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.PageVisits;
import dev.countersign.sts.stepup.Words;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The approval page: the amount first, every value escaped, one way to approve after the other,
/// and a no that is as easy as a yes.
final class ApprovalMarkup {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private static final String FACTS =
      """
      <dl>
      <dt>Asked by</dt><dd>%s</dd>
      <dt>For</dt><dd>%s</dd>
      <dt>Scope</dt><dd>%s</dd>
      <dt>Asked at</dt><dd>%s</dd>
      %s</dl>
      """;

  private static final String FORM =
      """
      <form method="post" action="/approve/%s" autocomplete="off"%s>
      %s%s</form>
      """;

  private static final String CODE =
      """
      <label for="code">Code from the %s</label>
      <p class="hint" id="hint">Six digits, sent to %s. They approve exactly this request, once.</p>
      <input class="digits" id="code" name="code" type="text" inputmode="numeric"
        autocomplete="one-time-code" pattern="[0-9 ]{6,8}" maxlength="8" required
        aria-describedby="hint%s"%s autofocus>
      <button class="act" type="submit" name="action" value="approve">Approve</button>
      """;

  private static final String NUMBER =
      """
      <label for="number">Number in your chat</label>
      <p class="hint" id="number-hint">Two digits, beside the request for your approval. No number there,
      or another request? Then deny.</p>
      <input class="digits" id="number" name="number" type="text" inputmode="numeric" pattern="[0-9]{2}"
        maxlength="2" required aria-describedby="number-hint%s"%s autofocus>
      """;

  private static final String PASSKEY =
      """
      <input type="hidden" name="response" value="">
      <button class="%s" type="submit" name="action" value="passkey">Approve with a passkey</button>
      <p class="hint" data-passkey-problem role="alert"></p>
      <noscript><p class="hint">Passkeys need JavaScript in this browser.</p></noscript>
      """;

  private static final String IDP =
      """
      <button class="%s" type="submit" name="action" value="idp" aria-describedby="idp-hint"%s>Approve
      by signing in again</button>
      <p class="hint" id="idp-hint">Your identity provider asks for your second factor.</p>
      """;

  private static final String SEND =
      """
      <button type="submit" name="action" value="%s">Send a code to %s</button>
      """;

  private static final String DECLINE =
      """
      <div class="pair">
      <button type="submit" name="action" value="deny">Deny</button>
      <button class="bad" type="submit" name="action" value="suspicious"
        aria-describedby="suspicious-hint">This is suspicious</button>
      </div>
      <p class="hint" id="suspicious-hint">“This is suspicious” denies the request and signs you out
      everywhere.</p>
      """;

  private static final String DECLINE_OF_ANOTHER =
      DECLINE.replace("signs you out\neverywhere", "signs out\nwhoever asked, everywhere");

  private static final String PASS_ON =
      """
      <p class="note">You cannot approve your own request here. Pass the address of this page on to
      somebody who may; they sign in as themselves. You can still deny it.</p>
      """;

  private ApprovalMarkup() {}

  /// What the page calls the person whose request it is.
  private static String whose(Approval approval, String visitor, String name) {
    return approval.person().key().equals(visitor) ? name : approval.requester();
  }

  /// The page of an approval that waits for an answer.
  static String pending(Pending pending) {
    Approval approval = pending.approval();
    String problem =
        pending.note().isEmpty()
            ? ""
            : "<p class=\"note bad\" role=\"alert\" id=\"problem\">"
                + html(pending.note())
                + "</p>\n";
    String title =
        !pending.mayApprove()
            ? "Somebody else must approve this"
            : approval.needsAnother() ? "Approve this for somebody else?" : "Approve this request?";
    return PageFrame.page(
        title,
        "<h1>"
            + title
            + "</h1>\n"
            + request(
                approval, whose(approval, pending.subject(), pending.person()), waiting(pending))
            + problem
            + (pending.mayApprove() ? "" : PASS_ON)
            + "<div class=\"choices\">\n"
            + choices(pending)
            + form(pending, "", pending.isOwn() ? DECLINE : DECLINE_OF_ANOTHER)
            + "</div>\n"
            + foot(pending.person(), pending.offersPasskeys()),
        pending.offers(Factor.PASSKEY));
  }

  private static String choices(Pending pending) {
    Approval approval = pending.approval();
    var choices = new StringBuilder();
    if (pending.hasCode()) {
      choices.append(
          form(
              pending,
              "",
              CODE.formatted(
                  approval.channel() == Factor.SMSOTP ? "text message" : "mail",
                  html(approval.sentTo()),
                  pending.problemId(),
                  pending.invalid())));
    }
    boolean offersPasskey = pending.offers(Factor.PASSKEY);
    boolean offersIdp = pending.offers(Factor.IDP);
    if (offersPasskey || offersIdp) {
      String mark = pending.hasCode() ? "" : "act";
      String number =
          approval.asksForNumber()
              ? NUMBER.formatted(pending.problemId(), pending.invalid())
              : pending.hasCode() ? "<p class=\"or\">or</p>\n" : "";
      choices.append(
          form(
              pending,
              offersPasskey
                  ? " data-passkey=\"get\" data-options=\"" + html(pending.passkeyOptions()) + "\""
                  : "",
              number
                  + (offersPasskey ? PASSKEY.formatted(mark) : "")
                  + (offersIdp ? IDP.formatted(offersPasskey ? "" : mark, "") : "")));
    }
    pending
        .sendable()
        .forEach((factor, masked) ->
            choices.append(
                form(pending, "", SEND.formatted(html("send-" + factor.code()), html(masked)))));
    return choices.toString();
  }

  private static String form(Pending pending, String attributes, String content) {
    return FORM.formatted(
        html(pending.approval().id()), attributes, PageFrame.csrf(pending.csrf()), content);
  }

  private static String waiting(Pending pending) {
    Approval approval = pending.approval();
    String chat = pending.isOwn() ? "your chat" : "their chat";
    String number =
        approval.asksForNumber()
            ? ""
            : "<dt>Number</dt><dd>%s, as in %s</dd>\n".formatted(html(approval.number()), chat);
    return number
        + "<dt>Open until</dt><dd>%s, %s</dd>\n"
            .formatted(html(CLOCK.format(approval.expiresAt())), timeLeft(pending));
  }

  /// The page of an approval that waits no more.
  static String settled(Approval approval, Approval.State state, PageVisits.Visit visitor) {
    boolean isTheirs = visitor.visitor().asked(approval);
    String mood =
        switch (state) {
          case APPROVED, USED -> "good";
          case PENDING, CANCELLED, EXPIRED -> "";
          case DENIED, SUSPICIOUS, FAILED -> "bad";
        };
    return PageFrame.page(
        title(state),
        "<h1>"
            + html(title(state))
            + "</h1>\n<p class=\"note "
            + mood
            + "\" role=\"status\">"
            + html(explanation(state, isTheirs))
            + "</p>\n"
            + request(approval, whose(approval, visitor.subject(), visitor.name()), ""),
        false);
  }

  private static String foot(String person, boolean offersPasskeys) {
    return "<p class=\"foot\">Signed in as "
        + html(person)
        + (offersPasskeys ? ". <a href=\"/approve/passkeys\">Your passkeys</a></p>\n" : ".</p>\n");
  }

  private static String request(Approval approval, String person, String more) {
    String lines =
        approval.lines().stream().map(ApprovalMarkup::line).collect(Collectors.joining("\n"));
    boolean isMixed = approval.lines().stream().anyMatch(line -> Words.isMixed(line.sentence()));
    return lines
        + "\n"
        + (isMixed ? "<p class=\"note bad\">" + html(Words.MIXED) + "</p>\n" : "")
        + FACTS.formatted(
            html(approval.agent()),
            html(person),
            html(approval.scope()),
            html(DAY.format(approval.createdAt())),
            more);
  }

  private static String line(Approval.Line line) {
    String amount =
        line.amount() == null ? "" : "<p class=\"amount\">" + html(line.amount()) + "</p>\n";
    return amount + "<p class=\"sentence\">" + html(line.sentence()) + "</p>";
  }

  private static String timeLeft(Pending pending) {
    long minutes =
        Duration.between(pending.now(), pending.approval().expiresAt()).plusSeconds(30).toMinutes();
    return switch ((int) Math.max(0, minutes)) {
      case 0 -> "less than a minute left";
      case 1 -> "one minute left";
      default -> minutes + " minutes left";
    };
  }

  private static String title(Approval.State state) {
    return switch (state) {
      case PENDING -> "Waiting for you";
      case APPROVED -> "Approved";
      case USED -> "Approved and done";
      case DENIED -> "Denied";
      case SUSPICIOUS -> "Reported as suspicious";
      case FAILED -> "Too many wrong codes";
      case CANCELLED -> "Cancelled";
      case EXPIRED -> "Expired";
    };
  }

  private static String explanation(Approval.State state, boolean isTheirs) {
    return switch (state) {
      case PENDING -> "This cannot be approved in that way. Please open this page again.";
      case APPROVED -> "The agent may do this once, now. You can close this page.";
      case USED -> "This approval was used. It cannot be used again. You can close this page.";
      case DENIED -> "The agent may not do this. You can close this page.";
      case SUSPICIOUS ->
          isTheirs
              ? "The request was denied, and you are being signed out everywhere. Please sign in again."
              : "The request was denied, and whoever asked is being signed out everywhere.";
      case FAILED -> "The request was denied because no code was right.";
      case CANCELLED -> "This request was withdrawn, or your sessions were ended. It is void.";
      case EXPIRED -> "Nobody answered in time, so the agent may not do this.";
    };
  }

  /// An approval that waits, as one person sees it in one browser.
  ///
  /// @param person what the visitor is called
  /// @param subject the visitor's subject key
  /// @param mayApprove whether it takes the visitor to approve
  /// @param ways the factors by which the person can answer
  /// @param sendable where a code could be sent on demand, masked
  /// @param options what the authenticator is asked, as JSON, or null
  /// @param offersPasskeys whether passkeys can be registered here
  /// @param note what went wrong with the last try, or empty
  record Pending(
      Approval approval,
      String person,
      String subject,
      boolean mayApprove,
      List<Factor> ways,
      Map<Factor, String> sendable,
      @Nullable String options,
      boolean offersPasskeys,
      String csrf,
      Instant now,
      String note) {
    Pending {
      ways = List.copyOf(ways);
    }

    /// Whether it is the visitor's own request.
    boolean isOwn() {
      return approval.person().key().equals(subject);
    }

    /// Whether a code was sent to the visitor.
    boolean hasCode() {
      return mayApprove && approval.isSentTo(subject);
    }

    boolean offers(Factor factor) {
      return ways.contains(factor) && (factor != Factor.PASSKEY || options != null);
    }

    String passkeyOptions() {
      return options == null ? "" : options;
    }

    String problemId() {
      return note.isEmpty() ? "" : " problem";
    }

    String invalid() {
      return note.isEmpty() ? "" : " aria-invalid=\"true\"";
    }
  }
}
