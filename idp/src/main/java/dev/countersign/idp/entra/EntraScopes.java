package dev.countersign.idp.entra;

import dev.countersign.idp.EntraApi;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds the one resource that a scope parameter speaks of. A token is for one resource only, and
/// whoever names none gets a token for Microsoft Graph.
final class EntraScopes {
  static final String GRAPH_ID = "00000003-0000-0000-c000-000000000000";
  static final String GRAPH_URI = "https://graph.microsoft.com";
  private static final Set<String> OPENID = Set.of("openid", "profile", "email", "offline_access");
  private static final String DEFAULT = ".default";

  private final List<EntraApi> apis;

  EntraScopes(List<EntraApi> apis) {
    this.apis = List.copyOf(apis);
  }

  /// Resolves the values of a scope parameter.
  Resolution resolve(List<String> scopes) {
    var openid = new LinkedHashSet<String>();
    var names = new LinkedHashSet<String>();
    var resources = new LinkedHashSet<Resource>();
    for (String scope : scopes) {
      int slash = scope.lastIndexOf('/');
      if (OPENID.contains(scope)) {
        openid.add(scope);
      } else if (slash == scope.length() - 1) {
        return new Resolution.Refused(AadError.MALFORMED_SCOPE);
      } else {
        String prefix = slash < 0 ? GRAPH_URI : scope.substring(0, slash);
        Resource resource = resource(prefix);
        if (resource == null) {
          return new Resolution.Refused(AadError.UNKNOWN_RESOURCE);
        }
        resources.add(resource);
        names.add(scope.substring(slash + 1));
      }
    }
    if (resources.size() > 1) {
      return new Resolution.Refused(AadError.SEVERAL_RESOURCES);
    }
    Resource resource = resources.isEmpty() ? new Resource.Graph() : resources.getFirst();
    return switch (resource) {
      case Resource.Graph _ -> {
        names.addAll(openid);
        yield new Resolution.Resolved(resource, List.copyOf(names), openid);
      }
      case Resource.Api(EntraApi api) -> api(resource, api, names, openid);
    };
  }

  private static Resolution api(
      Resource resource, EntraApi api, Set<String> names, Set<String> openid) {
    if (names.contains(DEFAULT)) {
      return new Resolution.Resolved(resource, api.scopes().stream().sorted().toList(), openid);
    }
    return api.scopes().containsAll(names)
        ? new Resolution.Resolved(resource, List.copyOf(names), openid)
        : new Resolution.Refused(AadError.UNKNOWN_SCOPE);
  }

  private @Nullable Resource resource(String prefix) {
    if (prefix.equals(GRAPH_URI) || prefix.equals(GRAPH_ID)) {
      return new Resource.Graph();
    }
    return apis.stream()
        .filter(api -> prefix.equals(api.applicationIdUri()) || prefix.equals(api.clientId()))
        .findFirst()
        .map(Resource.Api::new)
        .orElse(null);
  }

  /// Whose token it will be.
  sealed interface Resource {
    /// Microsoft Graph: nobody else can check the token.
    record Graph() implements Resource {}

    /// A web API of the tenant.
    record Api(EntraApi api) implements Resource {}
  }

  /// What a scope parameter means.
  sealed interface Resolution {
    /// One resource and what is wanted of it.
    ///
    /// @param scopes for the `scp` claim
    /// @param openid those of OpenID Connect, for the answer
    record Resolved(Resource resource, List<String> scopes, Set<String> openid)
        implements Resolution {

      public Resolved {
        scopes = List.copyOf(scopes);
        openid = new LinkedHashSet<>(openid);
      }

      /// The `scope` member of the token answer.
      String answered() {
        var all = new ArrayList<String>();
        switch (resource) {
          case Resource.Graph _ -> all.addAll(scopes);
          case Resource.Api(EntraApi api) -> {
            scopes.forEach(scope -> all.add(api.applicationIdUri() + "/" + scope));
            all.addAll(openid);
          }
        }
        all.remove("offline_access");
        return String.join(" ", all);
      }
    }

    record Refused(AadError error) implements Resolution {}
  }
}
