package dev.countersign.server.demo;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.server.config.DevelopmentSection;
import jakarta.mail.BodyPart;
import jakarta.mail.MessagingException;
import jakarta.mail.Multipart;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The mail server for development: takes mail over real SMTP on loopback, keeps it in memory, and
/// shows it on a page.
public final class Mailbox implements AutoCloseable {
  /// A one-time code in a mail's text.
  static final Pattern CODE = Pattern.compile("(?<![0-9-])([0-9]{6})(?![0-9-])");

  private static final long START_TIMEOUT_MILLIS = 10_000;

  private final GreenMail server;
  private final BoxServer page;

  private Mailbox(GreenMail server, BoxServer page) {
    this.server = server;
    this.page = page;
  }

  /// Starts both.
  public static Mailbox start(DevelopmentSection.Mail settings) {
    var setup = new ServerSetup(settings.smtpPort(), "127.0.0.1", ServerSetup.PROTOCOL_SMTP);
    setup.setServerStartupTimeout(START_TIMEOUT_MILLIS);
    var server = new GreenMail(setup);
    server.start();
    var page =
        BoxServer.start(
            BoxServer.Settings.of(
                "mails", Listener.loopback(settings.pagePort()), new Health(), new Metrics()),
            routes ->
                routes.get(
                    "/", (_, response) -> Http.html(response, 200, MailPage.html(mails(server)))));
    return new Mailbox(server, page);
  }

  /// The page's address.
  public URI address() {
    return page.baseUri();
  }

  /// The newest mail to somebody that arrived after the first `after` ones.
  public Optional<Mail> newest(String recipient, int after) {
    List<Mail> mails = mails(server);
    for (int i = mails.size() - 1; i >= after; i--) {
      if (mails.get(i).to().contains(recipient)) {
        return Optional.of(mails.get(i));
      }
    }
    return Optional.empty();
  }

  /// The one-time codes in all mails, for tests that look for them elsewhere.
  public List<String> codes() {
    return mails(server).stream()
        .flatMap(mail -> CODE.matcher(mail.text()).results())
        .map(result -> result.group(1))
        .toList();
  }

  /// How many mails have come.
  public int count() {
    return server.getReceivedMessages().length;
  }

  @Override
  public void close() {
    page.close();
    server.stop();
  }

  private static List<Mail> mails(GreenMail server) {
    var mails = new ArrayList<Mail>();
    for (MimeMessage message : server.getReceivedMessages()) {
      try {
        mails.add(
            new Mail(
                String.join(
                    ", ",
                    message.getHeader("To") == null ? new String[0] : message.getHeader("To")),
                String.valueOf(message.getSubject()),
                text(message.getContent())));
      } catch (MessagingException | IOException unreadable) {
        throw new IllegalStateException("a mail cannot be read", unreadable);
      }
    }
    return List.copyOf(mails);
  }

  private static String text(Object content) throws MessagingException, IOException {
    if (content instanceof Multipart parts) {
      for (int i = 0; i < parts.getCount(); i++) {
        BodyPart part = parts.getBodyPart(i);
        if (part.isMimeType("text/plain") || part.isMimeType("multipart/*")) {
          return text(part.getContent());
        }
      }
      return "";
    }
    return String.valueOf(content);
  }

  /// A mail as a person reads it.
  public record Mail(String to, String subject, String text) {}
}
