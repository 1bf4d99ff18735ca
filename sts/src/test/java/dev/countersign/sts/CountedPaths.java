package dev.countersign.sts;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.Provider;
import java.security.cert.CertPath;
import java.security.cert.CertPathChecker;
import java.security.cert.CertPathParameters;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorResult;
import java.security.cert.CertPathValidatorSpi;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicInteger;

/// The platform's check of certificate paths, counted. The platform makes it by name.
public final class CountedPaths extends CertPathValidatorSpi {
  private static final AtomicInteger DONE = new AtomicInteger();
  private static volatile String counted = "";
  private final CertPathValidator paths;

  public CountedPaths() throws GeneralSecurityException {
    paths = CertPathValidator.getInstance("PKIX", "SUN");
  }

  /// A provider of it, to be put before all others.
  static Provider provider() {
    return new Counting();
  }

  /// How many paths of a leaf with this name were checked meanwhile.
  static int of(String leaf, Runnable request) {
    counted = leaf;
    int before = DONE.get();
    request.run();
    return DONE.get() - before;
  }

  @Override
  public CertPathValidatorResult engineValidate(CertPath path, CertPathParameters parameters)
      throws CertPathValidatorException, InvalidAlgorithmParameterException {
    if (!path.getCertificates().isEmpty()
        && path.getCertificates().getFirst() instanceof X509Certificate leaf
        && leaf.getSubjectX500Principal().getName().equals(counted)) {
      DONE.incrementAndGet();
    }
    return paths.validate(path, parameters);
  }

  @Override
  public CertPathChecker engineGetRevocationChecker() {
    return paths.getRevocationChecker();
  }

  private static final class Counting extends Provider {
    private static final long serialVersionUID = 1;

    Counting() {
      super("CountingPaths", "1", "counts checks of certificate paths");
      put("CertPathValidator.PKIX", CountedPaths.class.getName());
    }
  }
}
