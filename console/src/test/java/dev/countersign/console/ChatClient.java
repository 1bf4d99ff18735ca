package dev.countersign.console;

import dev.countersign.protocol.StrictJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// The chat's page as a program: sends what the script sends, hears what it hears.
final class ChatClient implements AutoCloseable {
  private static final Pattern PAGE =
      Pattern.compile(
          "<meta name=\"csrf\" content=\"([^\"]+)\">\\s*"
              + "<meta name=\"conversation\" content=\"([^\"]+)\">");

  private final HttpClient client = HttpClient.newHttpClient();
  private final String address;
  private final String cookie;
  private final String csrf;
  private final String conversation;
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private InputStream stream = InputStream.nullInputStream();
  private volatile boolean isOpen;

  /// Opens the page of a browser that is signed in, and listens.
  ChatClient(String address, Browser browser) {
    this.address = address;
    this.cookie =
        browser.cookies().stream()
            .map(one -> one.getName() + "=" + one.getValue())
            .collect(Collectors.joining("; "));
    Matcher found = PAGE.matcher(browser.open(address + "/chat").html());
    if (!found.find()) {
      throw new AssertionError("no chat page");
    }
    this.csrf = found.group(1);
    this.conversation = found.group(2);
    listen(0);
  }

  /// Listens anew, as after a lost connection.
  void listen(long after) {
    close();
    events.clear();
    HttpResponse<InputStream> response =
        exchange(
            HttpRequest.newBuilder(URI.create(address + "/chat/events?of=" + conversation))
                .header("Cookie", cookie)
                .header("Last-Event-ID", String.valueOf(after)),
            HttpResponse.BodyHandlers.ofInputStream());
    stream = response.body();
    InputStream source = stream;
    isOpen = response.statusCode() == 200;
    Thread.ofVirtual().start(() -> read(source));
  }

  private void read(InputStream source) {
    try (var reader = new BufferedReader(new InputStreamReader(source, StandardCharsets.UTF_8))) {
      long id = 0;
      String kind = "";
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.startsWith("id: ")) {
          id = Long.parseLong(line.substring(4));
        } else if (line.startsWith("event: ")) {
          kind = line.substring(7);
        } else if (line.startsWith("data: ")) {
          events.add(new Event(id, kind, StrictJson.parseObject(line.substring(6))));
        }
      }
    } catch (IOException closed) {
      // The test closed it.
    }
    isOpen = false;
  }

  boolean isOpen() {
    return isOpen;
  }

  HttpResponse<String> say(String id, String text) {
    return post("/chat/messages", StrictJson.object().put("id", id).put("text", text), csrf);
  }

  HttpResponse<String> post(String path, ObjectNode body, String formToken) {
    return exchange(
        HttpRequest.newBuilder(URI.create(address + path))
            .header("Cookie", cookie)
            .header("X-Csrf", formToken)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(StrictJson.write(body))),
        HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) {
    return exchange(
        HttpRequest.newBuilder(URI.create(address + path))
            .header("Cookie", cookie)
            .header("X-Csrf", csrf),
        HttpResponse.BodyHandlers.ofString());
  }

  void stop() {
    post("/chat/cancel", StrictJson.object(), csrf);
  }

  void again(String card) {
    post("/chat/cards/" + card + "/again", StrictJson.object(), csrf);
  }

  /// Waits for an event, among all that came since it listens.
  Event await(String kind, Predicate<ObjectNode> is) {
    long end = System.nanoTime() + 40_000_000_000L;
    while (System.nanoTime() < end) {
      for (Event event : events) {
        if (event.kind().equals(kind) && is.test(event.data())) {
          return event;
        }
      }
      pause();
    }
    throw new AssertionError("no such " + kind + " in " + events);
  }

  void awaitDone() {
    long end = System.nanoTime() + 40_000_000_000L;
    while (System.nanoTime() < end) {
      var turns = events.stream().filter(event -> event.kind().equals("turn")).toList();
      if (!turns.isEmpty() && turns.getLast().data().path("state").asString("").equals("done")) {
        return;
      }
      pause();
    }
    throw new AssertionError("the turn does not end: " + events);
  }

  List<Event> events() {
    return List.copyOf(events);
  }

  private static void pause() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  private <T> HttpResponse<T> exchange(
      HttpRequest.Builder request, HttpResponse.BodyHandler<T> handler) {
    try {
      return client.send(request.build(), handler);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  @Override
  public void close() {
    try {
      stream.close();
    } catch (IOException closed) {
      // It is closed.
    }
  }

  record Event(long id, String kind, ObjectNode data) {}
}
