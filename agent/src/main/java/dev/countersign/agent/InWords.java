package dev.countersign.agent;

import dev.countersign.protocol.UnavailableException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/// Failures in words for a person, without anything that belongs in no chat. The libraries of the
/// model's providers share no type of error, so theirs are told apart by the HTTP status that they
/// hand out (`statusCode()`) and by their names.
public final class InWords {
  private static final int DEEPEST = 8;

  private InWords() {}

  /// What to tell a person whose request ended with this failure. Never repeats a message of the
  /// model's provider, which may hold the key or the conversation.
  public static String of(Throwable failure) {
    List<Throwable> chain = chain(failure);
    for (Throwable one : chain) {
      switch (one) {
        case SignInRequiredException _ -> {
          return "Your sign-in is no longer accepted. Please sign in again; nothing more was done.";
        }
        case TemplateException unbuilt -> {
          return "This could not be done: " + unbuilt.getMessage() + ".";
        }
        case UnavailableException _ -> {
          return "Something that this needs is away. Please try again in a while.";
        }
        case CancellationException _, InterruptedException _ -> {
          return "Stopped. Whether a call that was running took effect is unknown; please look"
              + " before you repeat it.";
        }
        default -> {
          // of a library; what became of the model is told below
        }
      }
    }
    return ofModel(chain);
  }

  private static String ofModel(List<Throwable> chain) {
    int status =
        chain.stream().mapToInt(InWords::status).filter(code -> code > 0).findFirst().orElse(0);
    boolean isConnection =
        chain.stream()
            .anyMatch(one ->
                one instanceof ConnectException
                    || one instanceof HttpConnectTimeoutException
                    || one instanceof UnresolvedAddressException
                    || named(one, "UnresolvedModelServer")
                    || named(one, "OpenAIIo"));
    if (!isConnection && chain.stream().anyMatch(one -> named(one, "Timeout"))) {
      return "The model took too long to answer. Please try again.";
    }
    if (status == 429) {
      return "The model is asked too much just now. Please try again in a while.";
    }
    if (status == 401 || status == 403) {
      return "The model refuses this agent's key. Please tell whoever runs it.";
    }
    if (status >= 500 || isConnection) {
      return "The model cannot be reached. Please try again in a while.";
    }
    if (status >= 400) {
      return "The model refuses this request. Please tell whoever runs this agent.";
    }
    return "Something went wrong in this agent. Please tell whoever runs it.";
  }

  private static boolean named(Throwable failure, String part) {
    return failure.getClass().getSimpleName().contains(part);
  }

  private static int status(Throwable failure) {
    try {
      return failure.getClass().getMethod("statusCode").invoke(failure) instanceof Integer code
          ? code
          : 0;
    } catch (ReflectiveOperationException none) {
      return 0;
    }
  }

  private static List<Throwable> chain(Throwable failure) {
    var chain = new ArrayList<Throwable>();
    @Nullable Throwable one = failure;
    while (one != null && chain.size() < DEEPEST && !chain.contains(one)) {
      chain.add(one);
      one = one.getCause();
    }
    return chain;
  }
}
