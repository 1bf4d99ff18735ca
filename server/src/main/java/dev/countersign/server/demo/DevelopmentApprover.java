package dev.countersign.server.demo;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.prove.Approver;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Answers approvals of people of the development providers, as they would: by the page of the
/// token service, the provider's login page, and the page of the mail server for development.
public final class DevelopmentApprover implements Approver {
  private static final Pattern MAIL =
      Pattern.compile("<p class=\"to\">to ([^<]*)</p><pre>([^<]*)</pre>", Pattern.DOTALL);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final URI mailbox;
  private final String anchor;
  private final Secret password;
  private final WireClient wire = new WireClient();

  /// @param mailbox the page of the mail server for development
  /// @param anchor where the people sign in
  /// @param password of all of them
  public DevelopmentApprover(URI mailbox, String anchor, Secret password) {
    this.mailbox = mailbox;
    this.anchor = anchor;
    this.password = password;
  }

  @Override
  public int mails() {
    return read().size();
  }

  @Override
  public Optional<String> code(String person, int after) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      List<Mail> mails = read();
      // the page has the newest first
      for (Mail mail : mails.subList(0, Math.max(0, mails.size() - after))) {
        Matcher code = Mailbox.CODE.matcher(mail.text());
        if (mail.to().contains(person) && code.find()) {
          return Optional.of(code.group(1));
        }
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    return Optional.empty();
  }

  @Override
  public void answer(URI page, String person, List<String> codes) {
    var browser = new Browser();
    String id = page.getPath().substring(page.getPath().lastIndexOf('/') + 1);
    Browser.Page login = browser.open(page.resolve("/approve/sign-in/" + anchor + "?to=" + id), "");
    Browser.Page shown =
        browser.submit(login, Map.of("username", person, "password", password.reveal()), "");
    for (String code : codes) {
      if (!shown.html().contains("name=\"code\"")) {
        return;
      }
      shown = browser.submit(shown, Map.of("code", code, "action", "approve"), "");
    }
  }

  @Override
  public String shown(URI page) {
    return new Browser().open(page, "").html();
  }

  private List<Mail> read() {
    var mails = new ArrayList<Mail>();
    Matcher found = MAIL.matcher(wire.get(mailbox, Map.of(), TIMEOUT).text());
    while (found.find()) {
      mails.add(new Mail(found.group(1), found.group(2)));
    }
    return mails;
  }

  private record Mail(String to, String text) {}
}
