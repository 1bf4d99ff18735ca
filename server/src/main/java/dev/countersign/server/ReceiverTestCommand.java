package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import dev.countersign.signals.EventTypes;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.SessionHandler;
import dev.countersign.signals.act.SessionHandler.Outcome;
import dev.countersign.signals.box.ReceiverBox;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `countersign receiver test`: tries one handler with one person, or says what it would call.
@Command(
    name = "test",
    mixinStandardHelpOptions = true,
    description = "Ends a test person's sessions at one place, or says which calls that would be.",
    footer = {
      "",
      "Without --dry-run it is real: the person's sessions at that place end. Name nobody who works.",
      "Exit code 0: ended, nothing to end, or a dry run. 1: not ended; the output says why."
    })
final class ReceiverTestCommand implements Callable<Integer> {
  @Mixin private ConfigOption config = new ConfigOption();

  @Parameters(
      index = "0",
      paramLabel = "<handler>",
      description = "sts, broker, the anchor of a provider, or webhook-<name>")
  private String name = "";

  @Option(
      names = "--user",
      required = true,
      paramLabel = "<person>",
      description = "a test person's subject key: the anchor, |, the stable id there")
  private String user = "";

  @Option(names = "--dry-run", description = "say what would be called, and call nothing")
  private boolean dryRun;

  @Override
  public Integer call() {
    Logs.configure(Logs.Format.HUMAN);
    Installation installation = Installation.read(config.file(), config.variables());
    List<SessionHandler> handlers =
        ReceiverBox.handlers(
            installation.receiver(),
            installation.keys().own("receiver"),
            new WireClient(),
            InstantSource.system());
    SessionHandler handler =
        handlers.stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(() -> unknown(handlers));
    Person person = Person.of(user);
    if (person.anchor().isEmpty() || person.id().isEmpty()) {
      throw new ConfigException(List.of("--user must be a subject key: the anchor, |, the id"));
    }
    if (!handler.concerns(person)) {
      System.out.println(
          "The handler "
              + name
              + " does not concern people of the anchor "
              + person.anchor()
              + ".");
      return 1;
    }
    return dryRun ? say(handler, person) : end(handler, person);
  }

  private int say(SessionHandler handler, Person person) {
    System.out.println("Nothing is called. It would call:");
    handler.calls(person).forEach(call -> System.out.println("  " + call));
    System.out.println("What it cannot do: " + handler.limits());
    return 0;
  }

  private static int end(SessionHandler handler, Person person) {
    InstantSource clock = InstantSource.system();
    String id = Ids.random();
    Outcome outcome;
    try {
      outcome =
          handler.end(new Ending(person, id, id, EventTypes.SESSION_REVOKED, clock.instant()));
    } catch (UnavailableException away) {
      System.out.println("No answer: " + away.getMessage());
      return 1;
    }
    int code =
        switch (outcome) {
          case Outcome.Ended(String what, int status) ->
              told(0, "Done: " + what + " (status " + status + ").");
          case Outcome.NotFound(int status) ->
              told(
                  0,
                  "The place does not know this person (status " + status + "): nothing to end.");
          case Outcome.Impossible(String error, int status) ->
              told(1, "It can never work: " + error + " (status " + status + ").");
          case Outcome.Failed(String error, int status, String advice, var notBefore) ->
              told(
                  1,
                  "Not ended: "
                      + error
                      + " (status "
                      + status
                      + ")."
                      + (advice.isEmpty() ? "" : " To mend it: " + advice + ".")
                      + notBefore
                          .map(wait -> " The place asks to wait " + wait.toSeconds() + " s.")
                          .orElse(""));
        };
    System.out.println("What it cannot do: " + handler.limits());
    return code;
  }

  private static int told(int code, String sentence) {
    System.out.println(sentence);
    return code;
  }

  private static ConfigException unknown(List<SessionHandler> handlers) {
    return new ConfigException(
        List.of(
            "there is no such handler; the configuration has "
                + String.join(", ", handlers.stream().map(SessionHandler::name).toList())));
  }
}
