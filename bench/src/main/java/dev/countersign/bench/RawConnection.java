package dev.countersign.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/// One HTTP/1.1 connection that stays open. As little client as possible, because generator and
/// server share the machine's processors.
final class RawConnection implements AutoCloseable {
  private static final int SO_TIMEOUT_MILLIS = 60_000;

  private final Socket socket;
  private final InputStream in;

  RawConnection(URI server) throws IOException {
    socket = new Socket(InetAddress.getByName(server.getHost()), server.getPort());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(SO_TIMEOUT_MILLIS);
    in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
  }

  /// A whole request that posts a form, headers included.
  static byte[] post(URI endpoint, String form) {
    return post(endpoint, "application/x-www-form-urlencoded", Map.of(), form);
  }

  /// A whole request that posts something.
  static byte[] post(URI endpoint, String contentType, Map<String, String> headers, String text) {
    byte[] body = text.getBytes(StandardCharsets.US_ASCII);
    var lines = new StringBuilder();
    headers.forEach((name, value) -> lines.append(name + ": " + value + "\r\n"));
    byte[] head =
        ("POST "
                + endpoint.getRawPath()
                + " HTTP/1.1\r\nHost: "
                + endpoint.getAuthority()
                + "\r\nContent-Type: "
                + contentType
                + "\r\nContent-Length: "
                + body.length
                + "\r\n"
                + lines
                + "\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] request = new byte[head.length + body.length];
    System.arraycopy(head, 0, request, 0, head.length);
    System.arraycopy(body, 0, request, head.length, body.length);
    return request;
  }

  /// Sends one request and reads its answer to the end.
  Answer exchange(byte[] request) throws IOException {
    socket.getOutputStream().write(request);
    String statusLine = line();
    int status = Integer.parseInt(statusLine.substring(9, 12));
    int length = 0;
    boolean chunked = false;
    for (String header = line(); !header.isEmpty(); header = line()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring("content-length:".length()).strip());
      } else if (lower.startsWith("transfer-encoding:") && lower.contains("chunked")) {
        chunked = true;
      }
    }
    String body = chunked ? chunks() : text(length);
    return new Answer(status, body);
  }

  private String chunks() throws IOException {
    var body = new StringBuilder();
    while (true) {
      int length = Integer.parseInt(line().split(";", 2)[0].strip(), 16);
      body.append(text(length));
      line();
      if (length == 0) {
        return body.toString();
      }
    }
  }

  private String text(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new IOException("the server closed the connection in the middle of an answer");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String line() throws IOException {
    var line = new StringBuilder(64);
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("the server closed the connection before it answered");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /// An answer with its body.
  record Answer(int status, String body) {}
}
