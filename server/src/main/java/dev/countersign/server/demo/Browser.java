package dev.countersign.server.demo;

import dev.countersign.protocol.TraceContext;
import java.io.IOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A person's browser without a screen: keeps cookies, follows links and sends the forms that the
/// pages show, as a person would. One thread at a time.
final class Browser {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Pattern FORM =
      Pattern.compile("<form\\b([^>]*)>(.*?)</form>", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
  private static final Pattern INPUT =
      Pattern.compile("<input\\b([^>]*)>", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
  private static final Pattern ATTRIBUTE = Pattern.compile("([a-zA-Z-]+)\\s*=\\s*\"([^\"]*)\"");

  private final HttpClient client =
      HttpClient.newBuilder()
          .cookieHandler(new CookieManager(null, CookiePolicy.ACCEPT_ALL))
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(TIMEOUT)
          .build();

  /// Opens a page; follows redirects until one leads to `stopAt`, whose address is then the page's.
  Page open(URI address, String stopAt) {
    return follow(HttpRequest.newBuilder(address).GET(), address, stopAt);
  }

  /// Sends the page's only form with what the person typed over what the page put there.
  Page submit(Page page, Map<String, String> typed, String stopAt) {
    Matcher form = FORM.matcher(page.html());
    if (!form.find()) {
      throw new IllegalStateException("the page at " + page.address().getPath() + " has no form");
    }
    var fields = new LinkedHashMap<String, String>();
    Matcher inputs = INPUT.matcher(form.group(2));
    while (inputs.find()) {
      Map<String, String> input = attributes(inputs.group(1));
      if ("hidden".equals(input.get("type")) && input.containsKey("name")) {
        fields.put(input.getOrDefault("name", ""), input.getOrDefault("value", ""));
      }
    }
    fields.putAll(typed);
    String action = attributes(form.group(1)).getOrDefault("action", "");
    URI target = page.address().resolve(action.isEmpty() ? page.address().toString() : action);
    String body =
        fields.entrySet().stream()
            .map(field -> encode(field.getKey()) + "=" + encode(field.getValue()))
            .collect(Collectors.joining("&"));
    return follow(
        HttpRequest.newBuilder(target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", target.getScheme() + "://" + target.getAuthority())
            .POST(HttpRequest.BodyPublishers.ofString(body)),
        target,
        stopAt);
  }

  private Page follow(HttpRequest.Builder first, URI start, String stopAt) {
    HttpRequest.Builder request = first;
    URI address = start;
    for (int hop = 0; hop < 8; hop++) {
      HttpRequest.Builder next = request;
      TraceContext.current().ifPresent(trace -> next.header(TraceContext.HEADER, trace.header()));
      HttpResponse<String> response = send(request.timeout(TIMEOUT).build());
      Optional<String> location = response.headers().firstValue("Location");
      if (response.statusCode() / 100 != 3 || location.isEmpty()) {
        return new Page(address, response.statusCode(), response.body());
      }
      address = address.resolve(location.get());
      if (!stopAt.isEmpty() && address.toString().startsWith(stopAt)) {
        return new Page(address, response.statusCode(), "");
      }
      request = HttpRequest.newBuilder(address).GET();
    }
    throw new IllegalStateException("too many redirects");
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException failed) {
      throw new IllegalStateException("no answer from " + request.uri().getAuthority(), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  private static Map<String, String> attributes(String tag) {
    var attributes = new LinkedHashMap<String, String>();
    Matcher matcher = ATTRIBUTE.matcher(tag);
    while (matcher.find()) {
      attributes.put(
          matcher.group(1).toLowerCase(java.util.Locale.ROOT), unescape(matcher.group(2)));
    }
    return attributes;
  }

  private static String unescape(String text) {
    return text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// What the browser shows.
  ///
  /// @param address where it is
  record Page(URI address, int status, String html) {

    /// A parameter of the address' query.
    Optional<String> parameter(String name) {
      String query = address.getRawQuery() == null ? "" : address.getRawQuery();
      for (String pair : query.split("&", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0 && pair.substring(0, equals).equals(name)) {
          return Optional.of(
              java.net.URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
        }
      }
      return Optional.empty();
    }
  }
}
