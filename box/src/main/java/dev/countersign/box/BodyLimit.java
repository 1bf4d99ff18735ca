package dev.countersign.box;

import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/// How large a request's body may be, and how a larger one is refused: what was sent is read and
/// thrown away up to a bound, so that the caller gets its 413. A server that closes a connection
/// with unread bytes makes the caller's system drop the answer too.
///
/// Threads may share it.
final class BodyLimit {
  private static final int DRAINED = 1 << 20;

  private final int most;
  private final ReadDeadlines deadlines;

  /// @param most the largest body in bytes
  BodyLimit(int most, ReadDeadlines deadlines) {
    this.most = most;
    this.deadlines = deadlines;
  }

  /// Beyond this many bytes the connection is closed without reading on.
  long hardLimit() {
    return (long) most + DRAINED;
  }

  /// Refuses a body whose `Content-Length` is over the limit.
  ///
  /// @throws HttpException 413
  void refuseLarge(ServerRequest request) {
    if (request.headers().contentLength().orElse(0) <= most) {
      return;
    }
    if (!request.headers().contains(HeaderNames.EXPECT)) { // else it has not been sent yet
      deadlines.within(() -> drain(request.content().inputStream()));
    }
    throw tooLarge();
  }

  /// The whole body.
  ///
  /// @throws HttpException 413 if it is over the limit
  byte[] read(ServerRequest request) {
    return deadlines.within(() -> {
      try (InputStream body = request.content().inputStream()) {
        byte[] bytes = body.readNBytes(most);
        if (body.read() >= 0) {
          drain(body);
          throw tooLarge();
        }
        return bytes;
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    });
  }

  // The bound is the web server's own, see hardLimit.
  private static long drain(InputStream body) {
    try (body) {
      return body.transferTo(OutputStream.nullOutputStream());
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static HttpException tooLarge() {
    return new HttpException("the body is too large", Status.REQUEST_ENTITY_TOO_LARGE_413);
  }
}
