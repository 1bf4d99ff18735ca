package dev.countersign.sts;

import dev.countersign.box.IssuerKeys;
import dev.countersign.protocol.JwtRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A trust anchor: an issuer whose tokens we accept as subject tokens, and what they must look
/// like.
///
/// @param name the first half of a subject key, such as `entra`; lower-case letters, digits,
///   hyphens
/// @param tokenType the `subject_token_type` that names this anchor, such as
///   `urn:entra:token-type:user-jwt`; the anchor's own name does too
/// @param form issuer, audiences, `typ`, `alg` and times of its tokens
/// @param demands what else its tokens must say
/// @param claims what we read from them
/// @param keys where the issuer's keys are
/// @param introspection how the issuer is asked about a token, or null where it is not
public record Anchor(
    String name,
    String tokenType,
    JwtRules form,
    Demands demands,
    Claims claims,
    IssuerKeys keys,
    @Nullable Introspection introspection) {
  private static final Pattern TYPE = Pattern.compile("[A-Za-z][A-Za-z0-9._:/-]{0,254}");
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Anchor {
    var problems = new ArrayList<String>();
    if (!NAME.matcher(name).matches()) {
      problems.add("an anchor's name must be lower-case letters, digits and hyphens");
    }
    if (form.issuer().isBlank()) {
      problems.add("anchor " + name + ": issuer is missing");
    }
    if (!TYPE.matcher(tokenType).matches()) {
      problems.add("anchor " + name + ": token-type must be a URI or a plain name");
    }
    if (tokenType.startsWith("urn:ietf:params:oauth:token-type:access_token")) {
      problems.add("anchor " + name + ": that token-type means tokens of this service itself");
    }
    if (keys.place() instanceof IssuerKeys.Place.None && introspection == null) {
      problems.add("anchor " + name + ": without keys it needs introspection");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// The exact `iss`.
  public String issuer() {
    return form.issuer();
  }

  /// The key of a person, `<anchor>|<stable id>`.
  String keyOf(String stableId) {
    return name + "|" + stableId;
  }

  /// What a token must say beside issuer, audience and times.
  ///
  /// @param equal claims that must be exactly these texts, such as `ver` and `tid`
  /// @param present claims that must be there, such as `scp`, which an ID token or the token of an
  ///   application without a person does not have
  /// @param authorizedParties accepted `azp`, `appid`, `cid` or `client_id` of the sign-in; empty
  ///   accepts any
  /// @param acceptsIdTokens whether its tokens are ID tokens; else one that is recognized as such
  ///   is refused
  public record Demands(
      Map<String, String> equal,
      Set<String> present,
      Set<String> authorizedParties,
      boolean acceptsIdTokens) {
    public Demands {
      equal = Map.copyOf(equal);
      present = Set.copyOf(present);
      authorizedParties = Set.copyOf(authorizedParties);
    }
  }

  /// What is read from a token. A name that begins with `/` is a JSON pointer into the claims.
  ///
  /// @param subject the one claim that names the person for ever, such as `oid` or `uid`; there is
  ///   no fallback, since a second spelling of a person would walk around a closed gate
  /// @param mail claims that may hold the person's address, in order of preference; they are
  ///   trusted for delivery, never for identity
  /// @param phone claims that may hold the person's number, likewise
  /// @param attributes attribute to claim: what policy may know from the token
  public record Claims(
      String subject, List<String> mail, List<String> phone, Map<String, String> attributes) {
    public Claims {
      if (subject.isBlank()) {
        throw new IllegalArgumentException("an anchor needs the claim that names the person");
      }
      mail = List.copyOf(mail);
      phone = List.copyOf(phone);
      attributes = Map.copyOf(attributes);
    }
  }
}
