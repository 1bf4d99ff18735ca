package dev.countersign.sts;

import dev.countersign.protocol.Secret;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How people of one trust anchor sign in at the approval page: by code and PKCE at the anchor's
/// issuer.
///
/// @param label what the person reads on the button
/// @param clientId the approval page there; its redirect address is
///   `<issuer>/approve/callback/<anchor>`
/// @param clientSecret for a confidential client, or null
/// @param scopes what is asked for; `openid` among them
/// @param subjectClaim the claim of the ID token that is the stable id of the anchor's subject keys
/// @param acrValues acceptable strengths of a new authentication as proof, the preferred first;
///   empty where the provider is not asked for one
/// @param contexts acceptable authentication contexts (`acrs`) of Entra, likewise; Entra says
///   nothing of the strength in `acr`
/// @param groupsClaim the claim of the ID token that lists a person's groups; one that begins with
///   `/` is a JSON pointer
/// @param rolesClaim likewise their roles
public record SignInSettings(
    String label,
    String clientId,
    @Nullable Secret clientSecret,
    List<String> scopes,
    String subjectClaim,
    List<String> acrValues,
    List<String> contexts,
    String groupsClaim,
    String rolesClaim) {
  /// The claims of groups and roles unless others are named.
  public static final String GROUPS = "groups";

  public static final String ROLES = "roles";

  private static final Pattern POINTER = Pattern.compile("(?:/(?:[^~/]|~[01])+)+");
  private static final Pattern CONTEXT = Pattern.compile("c[1-9][0-9]?");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public SignInSettings {
    var problems = new ArrayList<String>();
    if (label.isBlank() || label.length() > 60) {
      problems.add("sign-in: label must have 1 to 60 characters");
    }
    if (clientId.isBlank()) {
      problems.add("sign-in: client-id is missing");
    }
    if (!scopes.contains("openid")) {
      problems.add("sign-in: scopes must contain openid");
    }
    if (subjectClaim.isBlank()) {
      problems.add("sign-in: subject is missing");
    }
    if (acrValues.stream().anyMatch(value -> value.isBlank() || value.contains(" "))) {
      problems.add("sign-in: acr-values must be texts without blanks");
    }
    if (contexts.stream().anyMatch(value -> !CONTEXT.matcher(value).matches())) {
      problems.add("sign-in: authentication-contexts must be c1 to c99");
    }
    if (!isClaim(groupsClaim) || !isClaim(rolesClaim)) {
      problems.add("sign-in: groups and roles must be names of claims, or JSON pointers");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    scopes = List.copyOf(scopes);
    acrValues = List.copyOf(acrValues);
    contexts = List.copyOf(contexts);
  }

  private static boolean isClaim(String name) {
    return name.startsWith("/") ? POINTER.matcher(name).matches() : !name.isBlank();
  }

  /// Whether a new authentication there can prove an approval.
  boolean asksForStrength() {
    return !acrValues.isEmpty() || !contexts.isEmpty();
  }
}
