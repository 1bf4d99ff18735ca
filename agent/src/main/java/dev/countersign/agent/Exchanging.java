package dev.countersign.agent;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.node.ObjectNode;

/// Pattern B: details from the tool's template, exchange, step-up, and the call with the token that
/// was made for it. The token is dropped when the call ends. Threads may share it.
final class Exchanging implements GuardedClient.Pattern {
  private static final Duration HOLD = Duration.ofSeconds(20);

  private final McpClient client;
  private final TokenExchange tokenExchange;
  private final Templates templates;
  private final Map<String, Templates.Chosen> known = new ConcurrentHashMap<>();

  Exchanging(McpClient client, TokenExchange tokenExchange, Templates templates) {
    this.client = client;
    this.tokenExchange = tokenExchange;
    this.templates = templates;
  }

  @Override
  public CallOutcome call(
      Secret bearer, String name, ObjectNode arguments, ApprovalPrompt prompt, Duration left) {
    try {
      Optional<Templates.Chosen> chosen =
          templates.local(name).or(() -> Optional.ofNullable(known.get(name)));
      return chosen.isPresent()
          ? call(bearer, name, arguments, chosen.get(), prompt, left)
          : published(bearer, name, arguments, prompt, left);
    } catch (TemplateException refused) {
      return failed(refused.problem().code(), String.valueOf(refused.getMessage()));
    } catch (UnavailableException away) {
      return failed("unavailable", "the token service is away; nothing was done; try again later");
    }
  }

  private CallOutcome published(
      Secret bearer, String name, ObjectNode arguments, ApprovalPrompt prompt, Duration left) {
    return switch (client.listTools(bearer)) {
      case ToolList.SignInRequired(var metadata) -> new CallOutcome.SignInRequired(metadata);
      case ToolList.Failed(String reason) -> failed("unavailable", reason);
      case ToolList.Listed(var tools) -> {
        Optional<ToolInfo> tool =
            tools.stream().filter(candidate -> candidate.name().equals(name)).findFirst();
        if (tool.isEmpty()) {
          yield failed("unknown_tool", "there is no tool of that name");
        }
        Templates.Chosen chosen = templates.published(tool.get());
        known.put(name, chosen);
        yield call(bearer, name, arguments, chosen, prompt, left);
      }
    };
  }

  private CallOutcome call(
      Secret bearer,
      String name,
      ObjectNode arguments,
      Templates.Chosen chosen,
      ApprovalPrompt prompt,
      Duration left) {
    AuthorizationDetails details = chosen.template().build(arguments, chosen.inputSchema());
    ExchangeResult first = tokenExchange.exchangeToken(bearer, chosen.scope(), details);
    return switch (first) {
      case ExchangeResult.StepUpRequired stepUp ->
          switch (answered(stepUp, prompt, left)) {
            case ApprovalState.Pending _ -> approvalRequired(stepUp);
            case ApprovalState.Refused(String code, String reason) ->
                new CallOutcome.Denied(reason, code, stepUp.jti(), List.of());
            case ApprovalState.Given(Secret assertion) ->
                with(tokenExchange.redeem(assertion, chosen.scope(), details), name, arguments);
          };
      default -> with(first, name, arguments);
    };
  }

  /// The approval's state, after the person had their time.
  private ApprovalState answered(
      ExchangeResult.StepUpRequired stepUp, ApprovalPrompt prompt, Duration left) {
    long end = System.nanoTime() + left.toNanos();
    ApprovalState state = tokenExchange.look(stepUp, Duration.ZERO);
    if (state instanceof ApprovalState.Pending && !left.isZero()) {
      prompt.show(stepUp.page(), stepUp.message());
    }
    while (state instanceof ApprovalState.Pending
        && end - System.nanoTime() > 0
        && !Thread.currentThread().isInterrupted()) {
      Duration rest = Duration.ofNanos(end - System.nanoTime()).plusSeconds(1);
      state = tokenExchange.look(stepUp, rest.compareTo(HOLD) < 0 ? rest : HOLD);
    }
    return state;
  }

  private CallOutcome with(ExchangeResult result, String name, ObjectNode arguments) {
    return switch (result) {
      case ExchangeResult.OnBehalfOf(Secret token, _, _) -> client.callTool(token, name, arguments);
      case ExchangeResult.StepUpRequired again -> approvalRequired(again);
      case ExchangeResult.Denied(String code, String reason, String jti, var reasons) ->
          new CallOutcome.Denied(reason, code, jti, reasons);
      case ExchangeResult.SignInRequired _ -> new CallOutcome.SignInRequired(Optional.empty());
      case ExchangeResult.Refused(String code, String reason, _) ->
          failed(code, "the token service refused: " + reason);
    };
  }

  private static CallOutcome approvalRequired(ExchangeResult.StepUpRequired stepUp) {
    String text =
        "This needs the approval of the person you act for: "
            + stepUp.message()
            + " Ask them to open "
            + stepUp.page()
            + " before "
            + stepUp.expiresAt()
            + " and to approve or deny it there; the code they received belongs on that page only."
            + " Then call this tool again with the same arguments.";
    return new CallOutcome.ApprovalRequired(
        stepUp.page(),
        stepUp.approvalId(),
        stepUp.number(),
        stepUp.expiresAt(),
        text,
        stepUp.jti());
  }

  private static CallOutcome failed(String code, String text) {
    return new CallOutcome.Failed(code, text, StrictJson.object());
  }
}
