package dev.countersign.server;

import dev.countersign.box.Listener;
import dev.countersign.box.Logs;
import dev.countersign.server.rehearsal.RehearsalModel;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `countersign rehearsal-model`: what stands in for a model where there is no key for one.
@Command(
    name = "rehearsal-model",
    mixinStandardHelpOptions = true,
    description =
        "Serves a stand-in for a language model behind the OpenAI-compatible API, on loopback. It is"
            + " no language model: it understands the sentences of the refunds example and nothing"
            + " else.",
    footer = {
      "",
      "export OPENAI_BASE_URL=http://127.0.0.1:9427/v1 OPENAI_API_KEY=none MODEL=rehearsal"
    })
final class RehearsalModelCommand implements Callable<Integer> {
  @Option(
      names = "--port",
      paramLabel = "<port>",
      description = "where it listens; default: ${DEFAULT-VALUE}")
  private int port = 9427;

  @Option(
      names = "--gullible",
      description = "obeys what tool results tell it, to show that nothing widens")
  private boolean gullible;

  @Override
  public Integer call() throws InterruptedException {
    Logs.configure(Logs.Format.HUMAN);
    var stopped = new CountDownLatch(1);
    RehearsalModel model = RehearsalModel.start(Listener.loopback(port), gullible, _ -> {});
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(() -> {
                  model.close();
                  stopped.countDown();
                }));
    System.out.println(
        "A rehearsal model, no language model, answers at " + model.baseUri() + " Ctrl-C ends it.");
    stopped.await();
    return 0;
  }
}
