package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.CredentialMint;
import dev.countersign.broker.Leases;
import dev.countersign.broker.Presenters;
import dev.countersign.broker.Refusals;
import dev.countersign.broker.vault.Definitions;
import dev.countersign.broker.vault.Sessions;
import dev.countersign.broker.vault.Wrapping;
import io.helidon.webserver.http.HttpRouting;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// The broker's paths, family by family.
public final class BrokerRoutes {
  private final CredentialRoutes credentials;
  private final LeaseRoutes leases;
  private final SessionRoutes sessions;
  private final DefinitionRoutes definitions;
  private final SystemRoutes system;
  private final Supplier<String> nonce;

  /// @param operators the workloads that may look after databases and roles
  /// @param isUp whether the broker's own database answers
  public BrokerRoutes(
      Parts parts,
      Set<String> operators,
      Refusals refusals,
      Outcomes outcomes,
      BooleanSupplier isUp,
      Supplier<String> nonce,
      InstantSource clock) {
    this.nonce = nonce;
    var requests = new Requests(refusals, outcomes, parts.sessions, parts.presenters, operators);
    var answers = new Answers(parts.wrapping);
    credentials = new CredentialRoutes(parts.mint, parts.sessions, requests, answers, clock);
    leases = new LeaseRoutes(parts.leases, requests, answers, clock);
    sessions = new SessionRoutes(parts.sessions, requests, answers, clock);
    definitions = new DefinitionRoutes(parts.definitions, requests, answers);
    system = new SystemRoutes(parts.wrapping, requests, answers, isUp, clock);
  }

  /// Adds the paths and Vault's form of errors.
  public void install(HttpRouting.Builder routing) {
    VaultErrors.install(routing);
    routing.addFilter((chain, request, response) -> {
      if (Http.header(request, Requests.DPOP).isPresent()) {
        response.header("DPoP-Nonce", nonce.get()); // RFC 9449 §8.2: also with a refusal
      }
      chain.proceed();
    });
    credentials.install(routing);
    leases.install(routing);
    sessions.install(routing);
    definitions.install(routing);
    system.install(routing);
    routing.any((_, _) -> {
      throw VaultRefusal.unsupportedPath();
    });
  }

  /// What the paths lead to.
  public record Parts(
      CredentialMint mint,
      Leases leases,
      Sessions sessions,
      Definitions definitions,
      Wrapping wrapping,
      Presenters presenters) {}
}
