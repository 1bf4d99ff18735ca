package dev.countersign.box;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Optional;

/// Where a box listens. Plain HTTP only on loopback: tokens cross this socket.
///
/// @param host an address or a name that stands for one
/// @param port 0 for any free one
public record Listener(String host, int port, Optional<Tls> tls) {
  private static final int MAX_PORT = 65535;

  public Listener {
    if (port < 0 || port > MAX_PORT) {
      throw new IllegalArgumentException("`port` must be between 0 and 65535");
    }
    if (tls.isEmpty() && !resolve(host).isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "plain HTTP is served on loopback only: set `tls`, or listen on 127.0.0.1");
    }
  }

  /// Plain HTTP on 127.0.0.1.
  public static Listener loopback(int port) {
    return new Listener("127.0.0.1", port, Optional.empty());
  }

  /// The address that `host` stands for now.
  ///
  /// @throws IllegalArgumentException if it stands for none
  InetAddress address() {
    return resolve(host);
  }

  private static InetAddress resolve(String host) {
    if (host.isBlank()) {
      throw new IllegalArgumentException("`host` must not be empty");
    }
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException unknown) {
      throw new IllegalArgumentException("`host` is neither an address nor a known name", unknown);
    }
  }

  /// The PEM files that a TLS listener shows.
  ///
  /// @param certificate the certificate, followed by its chain
  /// @param key its private key, PKCS #8, not encrypted
  /// @param asksForCertificates whether callers may prove a certificate in the handshake; any is
  ///   taken there, and the box judges it
  public record Tls(Path certificate, Path key, boolean asksForCertificates) {
    /// A listener that shows its own certificate and asks for none.
    public Tls(Path certificate, Path key) {
      this(certificate, key, false);
    }
  }
}
