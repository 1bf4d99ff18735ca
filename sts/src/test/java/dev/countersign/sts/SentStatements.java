package dev.countersign.sts;

import dev.countersign.box.DatabaseSettings;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import javax.net.SocketFactory;

/// Listens to what the driver sends to PostgreSQL, so that a test can say which statements a
/// request took. The driver makes it by name.
public final class SentStatements extends SocketFactory {
  /// A statement's text stands between two zero bytes in the message that has it parsed.
  private static final Pattern STATEMENT =
      Pattern.compile("\\x00((?:SELECT|INSERT|UPDATE|WITH)\\b[^\\x00]+)(?=\\x00)");

  private static final Queue<String> SENT = new ConcurrentLinkedQueue<>();

  public SentStatements() {}

  /// The same database, listened to; each statement is sent with its text.
  static DatabaseSettings listeningTo(DatabaseSettings settings) {
    return new DatabaseSettings(
        settings.url()
            + (settings.url().contains("?") ? "&" : "?")
            + "prepareThreshold=0&socketFactory="
            + SentStatements.class.getName(),
        settings.user(),
        settings.password());
  }

  /// The statements that `request` took, of those about approvals and people; deleting is for the
  /// clean-up in the background.
  static List<String> of(Runnable request) {
    SENT.clear();
    request.run();
    var statements = new ArrayList<String>();
    var parse = STATEMENT.matcher(String.join("", SENT));
    while (parse.find()) {
      if (parse.group(1).matches("(?s).*\\b(approval|approval_address|page_visit|person)\\b.*")) {
        statements.add(parse.group(1));
      }
    }
    return statements;
  }

  @Override
  public Socket createSocket() {
    return new Socket() {
      @Override
      public OutputStream getOutputStream() throws IOException {
        return new FilterOutputStream(super.getOutputStream()) {
          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            SENT.add(new String(bytes, from, length, StandardCharsets.ISO_8859_1));
            out.write(bytes, from, length);
          }
        };
      }
    };
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException("the driver connects its sockets itself");
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress from, int fromPort) {
    throw new UnsupportedOperationException("the driver connects its sockets itself");
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException("the driver connects its sockets itself");
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) {
    throw new UnsupportedOperationException("the driver connects its sockets itself");
  }
}
