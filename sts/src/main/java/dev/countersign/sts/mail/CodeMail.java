package dev.countersign.sts.mail;

import static dev.countersign.sts.stepup.Words.html;

import dev.countersign.protocol.Secret;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.Words;
import java.net.URI;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.stream.Collectors;

/// The words of a code mail: the amount first, then what, for whom, by which agent, when, and the
/// code.
final class CodeMail {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private static final String TEXT =
      """
      %s
      Asked by  %s
      For       %s
      Time      %s
      Number    %s, as in %s

      Your code: %s

      Enter it on this page until %s:
      %s

      The code approves exactly this request, once. Type it on that page only,
      never into a chat, and tell it to nobody.

      You did not expect this? Open the page and choose "This is suspicious".
      """;

  private static final String HTML =
      """
      <!doctype html>
      <html lang="en">
      <head><meta charset="utf-8"><title>%1$s</title></head>
      <body style="margin:0;padding:24px;background:#f4f5f7;color:#1b1f24;font:16px/1.5 sans-serif">
      <div style="max-width:480px;margin:0 auto;padding:24px;background:#ffffff;border-radius:12px">
      %2$s
      <table role="presentation" style="font-size:14px;color:#57606a">
      <tr><td style="padding-right:12px">Asked by</td><td style="color:#1b1f24">%3$s</td></tr>
      <tr><td>For</td><td style="color:#1b1f24">%4$s</td></tr>
      <tr><td>Time</td><td style="color:#1b1f24">%5$s</td></tr>
      <tr><td>Number</td><td style="color:#1b1f24">%9$s, as in %10$s</td></tr>
      </table>
      <p style="margin:24px 0 4px">Your code</p>
      <p style="margin:0;font:700 32px/1.2 monospace;letter-spacing:6px">%6$s</p>
      <p><a href="%8$s" style="display:inline-block;margin-top:16px;padding:12px 20px;\
      background:#0b5cad;color:#ffffff;border-radius:8px;text-decoration:none">Open the approval \
      page</a></p>
      <p style="font-size:14px;color:#57606a">Good until %7$s, once, for exactly this request. Type the
      code on that page only, never into a chat, and tell it to nobody. You did not expect this? Open
      the page and choose “This is suspicious”.</p>
      </div>
      </body>
      </html>
      """;

  private static final String INVITATION =
      """
      %s
      Asked by  %s
      For       %s
      Time      %s
      Number    %s, as in their chat

      Their request needs the approval of somebody else, and you may give it.
      Sign in on this page until %s, as yourself:
      %s

      Are you not sure? Ask the person by another way, and compare the number.
      Nobody needs to approve: what is not approved does not happen.
      """;

  private CodeMail() {}

  static String subject(Approval approval) {
    String amount = approval.lines().getFirst().amount();
    return amount == null ? "Please approve a request" : "Please approve " + amount;
  }

  private static String words(Approval approval) {
    String lines =
        approval.lines().stream()
            .map(line ->
                line.amount() == null
                    ? line.sentence() + "\n"
                    : line.amount() + "\n" + line.sentence() + "\n")
            .collect(Collectors.joining("\n"));
    return isMixed(approval) ? lines + "\n" + Words.MIXED + "\n" : lines;
  }

  static String text(Approval approval, URI page, Secret code) {
    return TEXT.formatted(
        words(approval),
        approval.agent(),
        whose(approval),
        time(approval.createdAt()),
        approval.number(),
        chat(approval),
        code.reveal(),
        time(approval.expiresAt()),
        page);
  }

  static String markup(Approval approval, URI page, Secret code) {
    String lines =
        approval.lines().stream().map(CodeMail::markup).collect(Collectors.joining("\n"));
    return HTML.formatted(
        html(subject(approval)),
        isMixed(approval)
            ? lines + "<p style=\"color:#a40e26\">" + html(Words.MIXED) + "</p>"
            : lines,
        html(approval.agent()),
        html(whose(approval)),
        html(time(approval.createdAt())),
        code.reveal(),
        html(time(approval.expiresAt())),
        html(page.toString()),
        html(approval.number()),
        html(chat(approval)));
  }

  /// The invitation of somebody who may approve what another asks for: all of it but a code.
  static String invitation(Approval approval, URI page) {
    return INVITATION.formatted(
        words(approval),
        approval.agent(),
        whose(approval),
        time(approval.createdAt()),
        approval.number(),
        time(approval.expiresAt()),
        page);
  }

  private static String whose(Approval approval) {
    return approval.needsAnother() ? Words.plain(approval.requester()) : approval.sentTo();
  }

  private static String chat(Approval approval) {
    return approval.needsAnother() ? "their chat" : "your chat";
  }

  private static String markup(Approval.Line line) {
    String amount =
        line.amount() == null
            ? ""
            : "<p style=\"margin:0;font-size:28px;font-weight:700\">%s</p>"
                .formatted(html(line.amount()));
    return amount + "<p style=\"margin:0 0 16px\">" + html(line.sentence()) + "</p>";
  }

  private static boolean isMixed(Approval approval) {
    return approval.lines().stream().anyMatch(line -> Words.isMixed(line.sentence()));
  }

  private static String time(Instant at) {
    return TIME.format(at);
  }
}
