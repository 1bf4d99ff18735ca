package dev.countersign.idp;

import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A browser without a screen, for tests: keeps cookies, fills in the sign-in form with its hidden
/// fields, and stops where it would leave for the client's own address.
final class ScriptedBrowser {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Pattern FORM = Pattern.compile("<form[^>]*action=\"([^\"]*)\"");
  private static final Pattern HIDDEN =
      Pattern.compile("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"");

  private final HttpClient client =
      HttpClient.newBuilder()
          .followRedirects(HttpClient.Redirect.NEVER)
          .cookieHandler(new CookieManager(null, CookiePolicy.ACCEPT_ALL))
          .connectTimeout(TIMEOUT)
          .version(HttpClient.Version.HTTP_1_1)
          .build();

  /// Opens an address as it is.
  public Page open(URI address) {
    return send(HttpRequest.newBuilder(address).GET());
  }

  /// Sends the form of a page with its hidden fields and these.
  public Page submit(Page page, Map<String, String> fields) {
    Matcher form = FORM.matcher(page.html());
    if (!form.find()) {
      throw new IllegalStateException("the page has no form");
    }
    var all = new LinkedHashMap<String, String>();
    Matcher hidden = HIDDEN.matcher(page.html());
    while (hidden.find()) {
      all.put(hidden.group(1), hidden.group(2).replace("&amp;", "&"));
    }
    all.putAll(fields);
    String body =
        all.entrySet().stream()
            .map(field -> encode(field.getKey()) + "=" + encode(field.getValue()))
            .collect(Collectors.joining("&"));
    return send(
        HttpRequest.newBuilder(page.address().resolve(form.group(1).replace("&amp;", "&")))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  /// Opens an authorization request and signs in if a form is shown.
  ///
  /// @return the redirect's parameters: `code`, `state` and `iss`, or `error`
  public Map<String, String> signIn(URI authorizationRequest, String username, Secret password) {
    Page page = open(authorizationRequest);
    if (page.status() == 200) {
      page = submit(page, Map.of("username", username, "password", password.reveal()));
    }
    return page.redirectParameters();
  }

  private Page send(HttpRequest.Builder request) {
    try {
      HttpResponse<String> response =
          client.send(request.timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofString());
      return new Page(
          response.uri(),
          response.statusCode(),
          response.body(),
          response.headers().firstValue("Location").orElse(""));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// What a browser shows, or where it is sent.
  ///
  /// @param location of a redirect, or empty
  public record Page(URI address, int status, String html, String location) {

    /// The parameters of the redirect.
    ///
    /// @throws IllegalStateException if this is no redirect
    public Map<String, String> redirectParameters() {
      if (location.isEmpty()) {
        throw new IllegalStateException("the page with status " + status + " leads nowhere");
      }
      var parameters = new LinkedHashMap<String, String>();
      String text = location.substring(location.indexOf(location.contains("#") ? '#' : '?') + 1);
      for (String pair : text.split("&", -1)) {
        String[] parts = pair.split("=", 2);
        parameters.put(
            parts[0], parts.length == 2 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
      }
      return parameters;
    }
  }
}
