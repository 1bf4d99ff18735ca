package dev.countersign.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TogetherTest {

  @Test
  void aloneIsAnsweredByItsOwnThread() {
    var together = new Together<Integer, Thread>(10, questions -> List.of(Thread.currentThread()));

    assertThat(together.ask(1)).isSameAs(Thread.currentThread());
    assertThat(together.ask(2)).isSameAs(Thread.currentThread());
  }

  @Test
  void whoComesMeanwhileIsAnsweredInOneGo() throws Exception {
    var sizes = new CopyOnWriteArrayList<Integer>();
    var firstRuns = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var arrived = new AtomicInteger();
    var together =
        new Together<Integer, Integer>(
            100,
            questions -> {
              sizes.add(questions.size());
              if (questions.contains(0)) {
                firstRuns.countDown();
                await(goOn);
              }
              return questions;
            });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> first = threads.submit(() -> together.ask(0));
      firstRuns.await();
      var others = new ArrayList<Future<Integer>>();
      for (int i = 1; i <= 20; i++) {
        int question = i;
        others.add(
            threads.submit(() -> {
              arrived.incrementAndGet();
              return together.ask(question);
            }));
      }
      while (arrived.get() < 20) {
        Thread.onSpinWait();
      }
      goOn.countDown();

      assertThat(first.get()).isZero();
      for (int i = 0; i < 20; i++) {
        assertThat(others.get(i).get()).isEqualTo(i + 1);
      }
    }
    assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(21);
    assertThat(sizes.getFirst()).isEqualTo(1);
    assertThat(sizes.size()).isLessThan(21);
  }

  @Test
  void nobodyIsForgottenAndNobodyGetsAnothersAnswer() throws Exception {
    var most = new AtomicInteger();
    var together =
        new Together<Integer, Integer>(
            7,
            questions -> {
              most.accumulateAndGet(questions.size(), Math::max);
              return questions.stream().map(question -> question * 2).toList();
            });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var asked = new ArrayList<Future<Integer>>();
      for (int i = 0; i < 64; i++) {
        int seed = i;
        asked.add(
            threads.submit(() -> {
              int right = 0;
              for (int j = 0; j < 500; j++) {
                int question = seed * 1_000 + j;
                right += together.ask(question) == question * 2 ? 1 : 0;
              }
              return right;
            }));
      }
      for (Future<Integer> each : asked) {
        assertThat(each.get(50, TimeUnit.SECONDS)).isEqualTo(500);
      }
    }
    assertThat(most.get()).isLessThanOrEqualTo(7);
  }

  @Test
  void aBadQuestionHarmsNobodyElse() throws Exception {
    var together =
        new Together<Integer, Integer>(
            100,
            questions -> {
              if (questions.contains(13)) {
                throw new IllegalArgumentException("thirteen");
              }
              return questions;
            });
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var asked = new ArrayList<Future<Integer>>();
      for (int i = 0; i < 200; i++) {
        int question = i;
        asked.add(threads.submit(() -> together.ask(question % 20)));
      }
      for (int i = 0; i < 200; i++) {
        Future<Integer> each = asked.get(i);
        if (i % 20 == 13) {
          assertThatThrownBy(each::get).hasMessageContaining("thirteen");
        } else {
          assertThat(each.get()).isEqualTo(i % 20);
        }
      }
    }
  }

  @Test
  void anAnswerTooFewIsAFaultAndNoHang() {
    var together = new Together<Integer, Integer>(10, _ -> List.of());

    assertThatThrownBy(() -> together.ask(1)).isInstanceOf(RuntimeException.class);
    assertThatThrownBy(() -> together.ask(2)).isInstanceOf(RuntimeException.class);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
