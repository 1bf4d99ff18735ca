package dev.countersign.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// For whom a call is made, when there is no call, and how a request ends.
class ActingTest {
  private static final Secret MAYA = new Secret("maya-token");
  private static final Secret OMAR = new Secret("omar-token");
  private static final String DONE =
      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"content\":[],\"isError\":false}}";

  private static Transport.Answer done(String body) {
    long id = StrictJson.parseObject(body).path("id").longValue();
    return new Transport.Answer(200, Optional.empty(), DONE.formatted(id));
  }

  private static CallOutcome call(GuardedClient client) {
    return client.callTool("list_cases", StrictJson.object());
  }

  @Test
  void makesNoCallForNobody() {
    var calls = new AtomicInteger();
    var client =
        GuardedClient.forwarding(
            new McpClient((_, _, body) -> {
              calls.incrementAndGet();
              return done(body);
            }));

    assertThatThrownBy(() -> call(client)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(client::listTools).isInstanceOf(IllegalStateException.class);
    assertThat(calls).hasValue(0);
  }

  @Test
  void keepsTwoPeopleApartOnOneClientAndOnePoolOfThreads() throws InterruptedException {
    var seen = new ConcurrentLinkedQueue<String>();
    var client =
        GuardedClient.forwarding(
            new McpClient((bearer, _, body) -> {
              seen.add(Thread.currentThread().getName() + " " + bearer.reveal());
              return done(body);
            }));
    var both = new CountDownLatch(2);
    try (var pool = Executors.newFixedThreadPool(1)) {
      for (Secret person : List.of(MAYA, OMAR)) {
        Acting.forPerson(person)
            .call(() -> {
              Acting.carrying(pool)
                  .execute(() -> {
                    call(client);
                    both.countDown();
                  });
              return call(client);
            });
      }
      assertThat(both.await(30, TimeUnit.SECONDS)).isTrue();
      pool.execute(() -> seen.add("after: " + thrown(client)));
    }

    assertThat(seen).filteredOn(one -> one.endsWith("maya-token")).hasSize(2);
    assertThat(seen).filteredOn(one -> one.endsWith("omar-token")).hasSize(2);
    assertThat(seen).filteredOn(one -> one.startsWith("after")).containsExactly("after: nobody");
  }

  private static String thrown(GuardedClient client) {
    try {
      call(client);
      return "called";
    } catch (IllegalStateException nobody) {
      return "nobody";
    }
  }

  @Test
  void endsWithANewSignInWhateverTheLoopMadeOfIt() {
    var calls = new AtomicInteger();
    var client =
        GuardedClient.forwarding(
            new McpClient((_, _, _) -> {
              calls.incrementAndGet();
              return new Transport.Answer(
                  401, Optional.of("Bearer resource_metadata=\"https://gateway.example/prm\""), "");
            }));

    assertThatThrownBy(() ->
            Acting.forPerson(MAYA)
                .call(() -> {
                  call(client);
                  call(client);
                  throw new IllegalArgumentException("the loop broke with maya-token");
                }))
        .isInstanceOfSatisfying(
            SignInRequiredException.class,
            required ->
                assertThat(required.resourceMetadata().map(Object::toString))
                    .contains("https://gateway.example/prm"))
        .hasNoCause()
        .hasMessageNotContaining("maya-token");
    assertThat(calls).as("nothing is asked again with that token").hasValue(1);
  }

  @Test
  void cancelBreaksOffWhatRunsAndBeginsNothing() throws InterruptedException {
    var calls = new AtomicInteger();
    var running = new CountDownLatch(1);
    var client =
        GuardedClient.forwarding(
            new McpClient((_, _, _) -> {
              calls.incrementAndGet();
              running.countDown();
              LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(60));
              throw new UnavailableException("interrupted", null);
            }));
    Acting acting = Acting.forPerson(MAYA);
    var outcomes = new AtomicReference<List<CallOutcome>>(List.of());
    Thread loop =
        Thread.ofVirtual()
            .start(() -> outcomes.set(acting.call(() -> List.of(call(client), call(client)))));
    assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();

    acting.cancel();
    loop.join();

    assertThat(outcomes.get())
        .hasSize(2)
        .allSatisfy(outcome ->
            assertThat(outcome)
                .isInstanceOfSatisfying(
                    CallOutcome.Failed.class,
                    failed -> assertThat(failed.code()).isEqualTo("cancelled")));
    assertThat(calls).hasValue(1);
  }
}
