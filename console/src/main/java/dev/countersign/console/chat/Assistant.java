package dev.countersign.console.chat;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.ToolInfo;
import dev.countersign.agent.ToolList;
import dev.countersign.console.Pattern;
import dev.countersign.console.Session;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.TraceContext;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The agent of the chat: asks the model, calls the tools that it names for the person whose
/// session it is, waits where the person must approve, and gives the results back to the model,
/// until the model has nothing more to call. Threads may share it.
public final class Assistant {
  private static final Logger LOG = LoggerFactory.getLogger(Assistant.class);
  private static final String REFUSED = "Your sign-in is no longer accepted.";
  private static final int MOST_ROUNDS = 8;
  private static final int MOST_CALLS = 8;
  private static final int LONGEST_RESULT = 16_000;
  private static final Duration ASK_AGAIN = Duration.ofSeconds(5);
  private static final Duration CLOCKS = Duration.ofSeconds(10);

  private final Model model;
  private final McpClient gateway;
  private final Map<Pattern, ToolCaller> callers;
  private final LedgerReader ledger;
  private final Function<String, String> refusedBy;
  private final Consumer<Session> stillIn;
  private final InstantSource clock;

  /// @param callers one for each pattern that is offered
  /// @param ledger in which calls that run are followed
  /// @param refusedBy from a call's id to the box that refused it, as people call it
  /// @param stillIn ends the session of a person who is no longer in, and renews their bearer
  public Assistant(
      Model model,
      McpClient gateway,
      Map<Pattern, ToolCaller> callers,
      LedgerReader ledger,
      Function<String, String> refusedBy,
      Consumer<Session> stillIn,
      InstantSource clock) {
    this.model = model;
    this.gateway = gateway;
    this.callers = Map.copyOf(callers);
    this.ledger = ledger;
    this.refusedBy = refusedBy;
    this.stillIn = stillIn;
    this.clock = clock;
  }

  /// Takes a message of the person.
  ///
  /// @param id the page's own name for the message; the same one again does nothing
  public Chat.Taken take(Session session, String id, String text) {
    return session.chat().begin(id, text, () -> turn(session));
  }

  private void turn(Session session) {
    String problem = "Something here went wrong. Whether the last call was done is in its trace.";
    try {
      problem = rounds(session);
    } catch (InterruptedException cancelled) {
      problem = session.hasEnded() ? "" : "You stopped this.";
    } catch (ModelFailure failed) {
      problem = String.valueOf(failed.getMessage());
    } catch (RuntimeException fault) {
      LOG.error("a turn of the chat ended by a fault", fault);
    } finally {
      session.chat().finish(problem);
    }
  }

  private String rounds(Session session) throws InterruptedException {
    Chat chat = session.chat();
    for (int round = 0; round < MOST_ROUNDS; round++) {
      List<ToolInfo> tools;
      switch (gateway.listTools(session.bearer())) {
        case ToolList.Listed(List<ToolInfo> listed) -> tools = listed;
        case ToolList.SignInRequired _ -> {
          session.end(REFUSED);
          return "";
        }
        case ToolList.Failed(String reason) -> {
          return "The gateway does not answer: " + reason + ".";
        }
      }
      String id = Ids.random();
      Message.Model answer =
          model.answer(chat.read(), tools, piece -> chat.conversation().delta(id, piece));
      if (!answer.text().isEmpty()) {
        chat.conversation().said(id, shown(answer.text()));
      }
      if (answer.calls().isEmpty()) {
        chat.hear(answer);
        return answer.text().isEmpty() ? "The model gave no answer." : "";
      }
      if (answer.calls().size() > MOST_CALLS) {
        return "The model asked for more than " + MOST_CALLS + " calls at once; none was made.";
      }
      List<Message.Result> results = call(session, tools, answer.calls());
      chat.hear(answer);
      results.forEach(chat::hear);
      if (session.hasEnded()) {
        return "";
      }
    }
    return "The model called tools " + MOST_ROUNDS + " times in a row; it was stopped.";
  }

  private List<Message.Result> call(
      Session session, List<ToolInfo> tools, List<Message.ToolCall> calls)
      throws InterruptedException {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = new ArrayList<Future<Message.Result>>();
      for (Message.ToolCall call : calls) {
        running.add(threads.submit(() -> call(session, tools, call)));
      }
      try {
        var results = new ArrayList<Message.Result>();
        for (Future<Message.Result> one : running) {
          results.add(one.get());
        }
        return results;
      } catch (ExecutionException fault) {
        throw new IllegalStateException("a call ended without an outcome", fault.getCause());
      } finally {
        running.forEach(one -> one.cancel(true));
      }
    }
  }

  private Message.Result call(Session session, List<ToolInfo> tools, Message.ToolCall call) {
    Chat chat = session.chat();
    String id = Ids.random();
    var card = new Card(chat.conversation(), id, call, title(tools, call.tool()), clock.instant());
    var answered = new Semaphore(0);
    chat.await(id, answered::release);
    try {
      CallOutcome outcome = outcome(session, call, card, answered);
      card.show(outcome, box(outcome), clock.instant());
      if (outcome instanceof CallOutcome.SignInRequired) {
        session.end(REFUSED);
      }
      return new Message.Result(call, forModel(outcome));
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
      card.cancel(
          (session.hasEnded() ? "Your session ended during this call." : "You stopped this call.")
              + " Whether it was done is in its trace.",
          clock.instant());
      return new Message.Result(call, "the person stopped this call");
    } finally {
      chat.answered(id);
    }
  }

  /// Calls, and while the person has not answered, calls again: the same call finds the same
  /// pending approval, and once that is given its outcome.
  private CallOutcome outcome(Session session, Message.ToolCall call, Card card, Semaphore answered)
      throws InterruptedException {
    CallOutcome outcome = once(session, call, card);
    while (outcome instanceof CallOutcome.ApprovalRequired approval) {
      card.show(approval, "", clock.instant());
      long left = Duration.between(clock.instant(), approval.expiresAt()).toMillis();
      boolean hurried =
          answered.tryAcquire(Math.clamp(left, 0, ASK_AGAIN.toMillis()), TimeUnit.MILLISECONDS);
      answered.drainPermits();
      if (!hurried && !clock.instant().isBefore(approval.expiresAt())) {
        return new CallOutcome.Denied(
            "nobody approved it in time", "approval_expired", approval.jti(), List.of());
      }
      outcome = once(session, call, card);
    }
    return outcome;
  }

  private CallOutcome once(Session session, Message.ToolCall call, Card card)
      throws InterruptedException {
    stillIn.accept(session);
    if (session.hasEnded()) {
      throw new InterruptedException();
    }
    ToolCaller caller = Objects.requireNonNull(callers.get(session.pattern()));
    TraceContext trace = TraceContext.entering("");
    var answer = new AtomicReference<CallOutcome>();
    // The ledger's times are those of other machines.
    Instant since = clock.instant().minus(CLOCKS);
    try (var _ = CallWatch.over(ledger, card, trace.traceId(), since)) {
      trace.run(() -> answer.set(caller.call(session.bearer(), call.tool(), call.arguments())));
    }
    CallOutcome outcome = Objects.requireNonNull(answer.get());
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    String jti = jti(outcome);
    if (!jti.isEmpty()) {
      session.chat().traces().add(jti);
    }
    return outcome;
  }

  private static String jti(CallOutcome outcome) {
    return switch (outcome) {
      case CallOutcome.Done done -> done.diagnostics().path("dev.countersign/jti").asString("");
      case CallOutcome.ApprovalRequired approval -> approval.jti();
      case CallOutcome.Denied denied -> denied.jti();
      case CallOutcome.SignInRequired _ -> "";
      case CallOutcome.Failed failed ->
          failed.diagnostics().path("dev.countersign/jti").asString("");
    };
  }

  private String box(CallOutcome outcome) {
    return switch (outcome) {
      case CallOutcome.Denied denied when denied.code().equals("database_forbidden") ->
          "PostgreSQL";
      case CallOutcome.Denied denied -> refusedBy(denied.jti());
      case CallOutcome.SignInRequired _ -> refusedBy("");
      default -> "";
    };
  }

  // A ledger that cannot be read just now takes nothing from the outcome.
  private String refusedBy(String jti) {
    try {
      return refusedBy.apply(jti);
    } catch (UnavailableException away) {
      return "";
    }
  }

  private static String title(List<ToolInfo> tools, String name) {
    return tools.stream()
        .filter(tool -> tool.name().equals(name))
        .map(tool -> tool.definition().path("title").asString(""))
        .filter(title -> !title.isBlank())
        .findFirst()
        .orElse(name);
  }

  private static String shown(String answer) {
    return answer.length() <= Conversation.LONGEST_ANSWER
        ? answer
        : answer.substring(0, Conversation.LONGEST_ANSWER) + " … the rest is left out";
  }

  /// What the model reads. An approval's address is for the person and is not among it.
  private static String forModel(CallOutcome outcome) {
    String text =
        switch (outcome) {
          case CallOutcome.Done done -> done.text();
          case CallOutcome.ApprovalRequired _ -> "this waits for the person's approval";
          case CallOutcome.Denied denied ->
              "refused (" + denied.code() + "): " + denied.reason() + ". Do not try another way.";
          case CallOutcome.SignInRequired _ -> "the person must sign in again";
          case CallOutcome.Failed failed -> "failed (" + failed.code() + "): " + failed.text();
        };
    return text.length() <= LONGEST_RESULT
        ? text
        : text.substring(0, LONGEST_RESULT) + " … the rest is left out; ask for less";
  }
}
