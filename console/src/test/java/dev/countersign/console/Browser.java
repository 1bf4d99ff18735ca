package dev.countersign.console;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.HttpCookie;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A browser without a screen: keeps cookies, fills in forms, and remembers everything it was sent.
final class Browser {
  private static final Pattern FORM =
      Pattern.compile("<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", Pattern.DOTALL);
  private static final Pattern HIDDEN =
      Pattern.compile("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"");

  private final CookieManager cookies = new CookieManager(null, CookiePolicy.ACCEPT_ALL);
  private final HttpClient client =
      HttpClient.newBuilder()
          .followRedirects(HttpClient.Redirect.NEVER)
          .cookieHandler(cookies)
          .build();
  final List<String> everythingReceived = new ArrayList<>();

  /// Opens an address and follows redirects.
  Page open(String address) {
    return follow(once(address));
  }

  /// Opens an address and stays there.
  Page once(String address) {
    return send(HttpRequest.newBuilder(URI.create(address)).GET());
  }

  /// Sends the form with this action, its hidden fields and these, and follows redirects.
  Page submit(Page page, String action, Map<String, String> fields) {
    return follow(submitOnce(page, action, fields));
  }

  Page submitOnce(Page page, String action, Map<String, String> fields) {
    Matcher form = FORM.matcher(page.html());
    while (form.find()) {
      if (form.group(1).equals(action)) {
        var all = new LinkedHashMap<String, String>();
        Matcher hidden = HIDDEN.matcher(form.group(2));
        while (hidden.find()) {
          all.put(hidden.group(1), hidden.group(2).replace("&quot;", "\""));
        }
        all.putAll(fields);
        return post(page.address().resolve(action).toString(), all);
      }
    }
    throw new AssertionError("the page has no form for " + action + ": " + page.html());
  }

  Page post(String address, Map<String, String> fields) {
    String body =
        fields.entrySet().stream()
            .map(field ->
                field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    return send(
        HttpRequest.newBuilder(URI.create(address))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  List<HttpCookie> cookies() {
    return cookies.getCookieStore().getCookies();
  }

  private Page follow(Page page) {
    Page current = page;
    for (int hop = 0; hop < 8 && !current.location().isEmpty(); hop++) {
      current = once(current.address().resolve(current.location()).toString());
    }
    return current;
  }

  private Page send(HttpRequest.Builder request) {
    try {
      HttpResponse<String> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      everythingReceived.add(response.headers().map() + response.body());
      return new Page(
          response.uri(),
          response.statusCode(),
          response.body(),
          response.headers().firstValue("Location").orElse(""),
          response.headers().allValues("Set-Cookie"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  /// What was answered.
  record Page(URI address, int status, String html, String location, List<String> setCookies) {}
}
