package dev.countersign.idp;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The sign-in forms that are shown now. A form can be sent only from the browser it was shown in,
/// once, and with few wrong passwords.
///
/// Threads may share it.
public final class SignInForms {
  private static final int MAX_FORMS = 10_000;
  private static final int MAX_FAILURES = 10;

  private final InstantSource clock;
  private final Map<String, Form> forms = new HashMap<>();

  public SignInForms(InstantSource clock) {
    this.clock = clock;
  }

  /// Shows a form to a browser and returns the form's id.
  ///
  /// @param browser the value of the browser's cookie
  public synchronized String show(AuthorizationRequest request, String browser) {
    Instant now = clock.instant();
    forms.values().removeIf(form -> !now.isBefore(form.shownAt.plus(Lifetimes.FORM)));
    if (forms.size() >= MAX_FORMS) {
      forms.clear();
    }
    String id = Ids.random();
    forms.put(id, new Form(request, new Secret(browser), now));
    return id;
  }

  /// The request of a form that was shown to this browser and can still be sent.
  public synchronized Optional<AuthorizationRequest> find(String id, String browser) {
    return Optional.ofNullable(forms.get(id))
        .filter(form -> form.browser.equals(new Secret(browser)))
        .filter(form -> clock.instant().isBefore(form.shownAt.plus(Lifetimes.FORM)))
        .filter(form -> form.failures < MAX_FAILURES)
        .map(form -> form.request);
  }

  /// The password was right, and a second factor is to follow.
  public synchronized void passed(String id, Person person) {
    Form form = forms.get(id);
    if (form != null) {
      form.person = person;
    }
  }

  /// Whose password was right in this form.
  public synchronized Optional<Person> person(String id) {
    return Optional.ofNullable(forms.get(id)).flatMap(form -> Optional.ofNullable(form.person));
  }

  /// Counts a wrong password.
  public synchronized void fail(String id) {
    Form form = forms.get(id);
    if (form != null) {
      form.failures++;
    }
  }

  /// The form has done its work.
  public synchronized void finish(String id) {
    forms.remove(id);
  }

  private static final class Form {
    private final AuthorizationRequest request;
    private final Secret browser;
    private final Instant shownAt;
    private int failures;
    private @Nullable Person person;

    private Form(AuthorizationRequest request, Secret browser, Instant shownAt) {
      this.request = request;
      this.browser = browser;
      this.shownAt = shownAt;
    }
  }
}
