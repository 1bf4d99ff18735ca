package dev.countersign.sts.mail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.FreePort;
import dev.countersign.sts.SmtpSettings;
import dev.countersign.sts.SmtpSettings.Security;
import dev.countersign.sts.stepup.CodeSender.NotSent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Mail over TLS: from the first byte, after STARTTLS, and not at all.
class SecureMailTest {
  private static final char[] PASSWORD = "only-for-tests".toCharArray();

  @TempDir private static Path folder;
  private static List<X509Certificate> trusted = List.of();
  private static SSLContext server = unset();
  private static SmtpServer tls = new SmtpServer(null, false, false);
  private static SmtpServer startTls = new SmtpServer(null, false, false);
  private static SmtpServer plain = new SmtpServer(null, false, false);

  private static SSLContext unset() {
    try {
      return SSLContext.getDefault();
    } catch (java.security.GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @BeforeAll
  static void start() throws Exception {
    Path store = folder.resolve("server.p12");
    var keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD),
                "-alias",
                "mail",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=mail",
                "-ext",
                "san=dns:localhost",
                "-storetype",
                "PKCS12")
            .redirectErrorStream(true)
            .start();
    keytool.getInputStream().readAllBytes();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(store)) {
      keys.load(file, PASSWORD);
    }
    trusted = List.of((X509Certificate) keys.getCertificate("mail"));
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD);
    server = SSLContext.getInstance("TLS");
    server.init(managers.getKeyManagers(), null, null);
    tls = new SmtpServer(server, true, false).listen();
    startTls = new SmtpServer(server, false, true).listen();
    plain = new SmtpServer(server, false, false).listen();
  }

  @AfterAll
  static void stop() {
    tls.close();
    startTls.close();
    plain.close();
  }

  private static void send(
      SmtpServer to, String host, Security security, List<X509Certificate> trust) {
    var settings =
        new SmtpSettings(host, to.port(), security, "approvals@countersign.example", null, trust);
    new SmtpSender(settings, InstantSource.system())
        .send(List.of("lena@fabrikam.example"), "Hello", "A text");
  }

  @Test
  void sendsOverTlsFromTheFirstByte() {
    send(tls, "localhost", Security.TLS, trusted);

    assertThat(tls.mails).hasSize(1);
    assertThat(tls.mails.getFirst()).contains("Subject: Hello").contains("A text");
  }

  @Test
  void sendsOverTlsAfterStarttls() {
    send(startTls, "localhost", Security.STARTTLS, trusted);

    assertThat(startTls.mails).hasSize(1);
    assertThat(startTls.commandsInClear).containsExactly("EHLO", "STARTTLS");
  }

  @Test
  void aServerWithoutStarttlsGetsNothing() {
    assertThatThrownBy(() -> send(plain, "localhost", Security.STARTTLS, trusted))
        .isInstanceOf(NotSent.class)
        .hasMessageContaining("STARTTLS");
    assertThat(plain.mails).isEmpty();
    assertThat(plain.commandsInClear).doesNotContain("MAIL", "AUTH");
  }

  @Test
  void aCertificateOfNobodyKnownOrForAnotherNameIsRefused() {
    assertThatThrownBy(() -> send(startTls, "localhost", Security.STARTTLS, List.of()))
        .isInstanceOf(NotSent.class)
        .hasMessageContaining("TLS is not acceptable");
    assertThatThrownBy(() -> send(tls, "127.0.0.1", Security.TLS, trusted))
        .isInstanceOf(NotSent.class);
    assertThat(tls.mails).hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void aPortThatNobodyListensAtIsToldAsSuch() {
    var settings =
        new SmtpSettings(
            "127.0.0.1", FreePort.any(), Security.NONE, "a@b.example", null, List.of());

    assertThatThrownBy(() ->
            new SmtpSender(settings, InstantSource.system())
                .send(List.of("lena@fabrikam.example"), "Hello", "A text"))
        .isInstanceOf(NotSent.class)
        .hasMessage("connection refused");
  }

  /// As much of an SMTP server as a sender needs, with TLS the way it is told.
  private static final class SmtpServer implements AutoCloseable {
    private final List<String> mails = new CopyOnWriteArrayList<>();
    private final List<String> commandsInClear = new CopyOnWriteArrayList<>();
    private final @Nullable SSLContext context;
    private final boolean atOnce;
    private final boolean offersStartTls;
    private final ServerSocket listener;

    SmtpServer(@Nullable SSLContext context, boolean atOnce, boolean offersStartTls) {
      this.context = context;
      this.atOnce = atOnce;
      this.offersStartTls = offersStartTls;
      try {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      } catch (IOException failed) {
        throw new java.io.UncheckedIOException(failed);
      }
    }

    SmtpServer listen() {
      Thread.ofVirtual()
          .start(() -> {
            while (!listener.isClosed()) {
              try {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
              } catch (IOException closed) {
                return;
              }
            }
          });
      return this;
    }

    int port() {
      return listener.getLocalPort();
    }

    private void serve(Socket accepted) {
      try (Socket socket = atOnce ? secured(accepted) : accepted) {
        talk(socket, !atOnce);
      } catch (IOException gone) {
        // The client did not like us.
      }
    }

    private SSLSocket secured(Socket socket) throws IOException {
      if (context == null) {
        throw new IOException("no keys");
      }
      var wrapped =
          (SSLSocket) context.getSocketFactory().createSocket(socket, null, socket.getPort(), true);
      wrapped.setUseClientMode(false);
      wrapped.startHandshake();
      return wrapped;
    }

    private void talk(Socket socket, boolean isClear) throws IOException {
      var in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8), 1);
      say(socket, "220 localhost ready");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String command = line.split(" ", 2)[0].toUpperCase(java.util.Locale.ROOT);
        if (isClear) {
          commandsInClear.add(command);
        }
        switch (command) {
          case "EHLO" ->
              say(
                  socket,
                  offersStartTls && isClear ? "250-localhost\r\n250 STARTTLS" : "250 localhost");
          case "STARTTLS" -> {
            say(socket, "220 go ahead");
            try (SSLSocket secured = secured(socket)) {
              continueSecured(secured);
            }
            return;
          }
          case "DATA" -> {
            say(socket, "354 go on");
            mails.add(data(in));
            say(socket, "250 taken");
          }
          case "QUIT" -> {
            say(socket, "221 bye");
            return;
          }
          default -> say(socket, "250 fine");
        }
      }
    }

    private void continueSecured(SSLSocket socket) throws IOException {
      var in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.equals("DATA")) {
          say(socket, "354 go on");
          mails.add(data(in));
        }
        say(socket, "250 fine");
      }
    }

    private static String data(BufferedReader in) throws IOException {
      var mail = new StringBuilder();
      for (String line = in.readLine(); line != null && !line.equals("."); line = in.readLine()) {
        mail.append(line).append('\n');
      }
      return mail.toString();
    }

    private static void say(Socket socket, String line) throws IOException {
      socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
    }

    @Override
    public void close() {
      try {
        listener.close();
      } catch (IOException ignored) {
        // It is gone either way.
      }
    }
  }
}
