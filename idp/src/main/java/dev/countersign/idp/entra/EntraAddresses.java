package dev.countersign.idp.entra;

import java.net.URI;
import java.util.function.Supplier;

/// The addresses of the Entra-shaped provider, all under one base.
///
/// The base is asked for late, since with port 0 it is known only after binding.
public final class EntraAddresses {
  private final Supplier<URI> base;
  private final String tenantId;

  EntraAddresses(Supplier<URI> base, String tenantId) {
    this.base = base;
    this.tenantId = tenantId;
  }

  /// The issuer of version 1 tokens; the real one is `https://sts.windows.net/{tid}/`.
  public String version1Issuer() {
    return tenant() + "/";
  }

  /// The issuer of version 2 tokens.
  public String version2Issuer() {
    return tenant() + "/v2.0";
  }

  /// Everything of the tenant is under this.
  public String tenant() {
    return base.get() + "/" + tenantId;
  }

  /// Microsoft Graph's stand-in.
  public String graph() {
    return base.get() + "/graph";
  }

  /// Without path and trailing slash.
  public String base() {
    return base.get().toString();
  }
}
