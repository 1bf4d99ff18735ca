package dev.countersign.sts.mail;

import dev.countersign.protocol.Secret;
import dev.countersign.sts.SmtpSettings;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.CodeSender;
import dev.countersign.sts.stepup.InvitationSender;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.Authenticator;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.PasswordAuthentication;
import jakarta.mail.SendFailedException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Hands code mails to one SMTP server. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc3207 RFC 3207 SMTP over TLS
public final class SmtpSender implements CodeSender, InvitationSender {
  private static final String TIMEOUT_MILLIS = "5000";

  private final SmtpSettings settings;
  private final Session session;
  private final InstantSource clock;

  public SmtpSender(SmtpSettings settings, InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
    this.session = Session.getInstance(properties(settings), authenticator(settings));
  }

  private static Properties properties(SmtpSettings settings) {
    var properties = new Properties();
    properties.setProperty("mail.transport.protocol", "smtp");
    properties.setProperty("mail.smtp.host", settings.host());
    properties.setProperty("mail.smtp.port", Integer.toString(settings.port()));
    properties.setProperty("mail.smtp.connectiontimeout", TIMEOUT_MILLIS);
    properties.setProperty("mail.smtp.timeout", TIMEOUT_MILLIS);
    properties.setProperty("mail.smtp.writetimeout", TIMEOUT_MILLIS);
    properties.setProperty("mail.smtp.localhost", "countersign.localdomain");
    properties.setProperty("mail.smtp.auth", Boolean.toString(settings.credentials() != null));
    switch (settings.security()) {
      case NONE -> {}
      case STARTTLS -> {
        properties.setProperty("mail.smtp.starttls.enable", "true");
        properties.setProperty("mail.smtp.starttls.required", "true");
        properties.setProperty("mail.smtp.ssl.checkserveridentity", "true");
      }
      case TLS -> {
        properties.setProperty("mail.smtp.ssl.enable", "true");
        properties.setProperty("mail.smtp.ssl.checkserveridentity", "true");
      }
    }
    if (!settings.authorities().isEmpty()) {
      properties.put("mail.smtp.ssl.socketFactory", trusting(settings.authorities()));
    }
    return properties;
  }

  /// Connections to servers whose certificate these have issued, and to no others.
  private static SSLSocketFactory trusting(List<X509Certificate> authorities) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (int i = 0; i < authorities.size(); i++) {
        store.setCertificateEntry("authority-" + i, authorities.get(i));
      }
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException | IOException impossible) {
      throw new IllegalStateException("certificates cannot be trusted", impossible);
    }
  }

  private static @Nullable Authenticator authenticator(SmtpSettings settings) {
    SmtpSettings.Credentials credentials = settings.credentials();
    if (credentials == null) {
      return null;
    }
    return new Authenticator() {
      @Override
      protected PasswordAuthentication getPasswordAuthentication() {
        return new PasswordAuthentication(credentials.user(), credentials.password().reveal());
      }
    };
  }

  @Override
  public void send(String address, Approval approval, URI page, Secret code) {
    try {
      Transport.send(message(address, approval, page, code));
    } catch (MessagingException failed) {
      throw new NotSent(reason(failed), failed);
    }
  }

  /// What failed, in words for people; no address.
  private static String reason(MessagingException failed) {
    if (failed instanceof AuthenticationFailedException) {
      return "the mail server refused our sign-in";
    }
    if (failed instanceof SendFailedException) {
      return "the mail server refused the address or the message";
    }
    for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case ConnectException _ -> {
          return "connection refused";
        }
        case SocketTimeoutException _ -> {
          return "the mail server did not answer in time";
        }
        case UnknownHostException _ -> {
          return "the mail server's name is not known";
        }
        case SSLException _ -> {
          return "the mail server's TLS is not acceptable";
        }
        default -> {}
      }
    }
    return String.valueOf(failed.getMessage()).contains("STARTTLS")
        ? "the mail server does not offer STARTTLS"
        : "the mail server cannot be reached";
  }

  @Override
  public void invite(String address, Approval approval, URI page) {
    send(List.of(address), CodeMail.subject(approval), CodeMail.invitation(approval, page));
  }

  /// Sends a plain message.
  ///
  /// @throws NotSent if the server did not take it
  public void send(List<String> addresses, String subject, String text) {
    try {
      var message = new MimeMessage(session);
      message.setFrom(new InternetAddress(settings.from(), true));
      for (String address : addresses) {
        message.addRecipient(Message.RecipientType.TO, new InternetAddress(address, true));
      }
      message.setSubject(subject, StandardCharsets.UTF_8.name());
      message.setSentDate(Date.from(clock.instant()));
      message.setHeader("Auto-Submitted", "auto-generated");
      message.setText(text, StandardCharsets.UTF_8.name());
      Transport.send(message);
    } catch (MessagingException failed) {
      throw new NotSent(reason(failed), failed);
    }
  }

  private MimeMessage message(String address, Approval approval, URI page, Secret code)
      throws MessagingException {
    var text = new MimeBodyPart();
    text.setText(CodeMail.text(approval, page, code), StandardCharsets.UTF_8.name());
    var markup = new MimeBodyPart();
    markup.setText(CodeMail.markup(approval, page, code), StandardCharsets.UTF_8.name(), "html");
    var message = new MimeMessage(session);
    message.setFrom(new InternetAddress(settings.from(), true));
    message.setRecipient(Message.RecipientType.TO, new InternetAddress(address, true));
    message.setSubject(CodeMail.subject(approval), StandardCharsets.UTF_8.name());
    message.setSentDate(Date.from(clock.instant()));
    message.setHeader("Auto-Submitted", "auto-generated");
    message.setContent(new MimeMultipart("alternative", text, markup));
    message.saveChanges();
    return message;
  }
}
