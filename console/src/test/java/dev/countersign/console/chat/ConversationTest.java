package dev.countersign.console.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConversationTest {
  private final Conversation conversation = new Conversation();

  private List<ChatEvent> after(long seq) {
    try {
      return conversation.after(seq, Duration.ZERO);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  private void card(String id, String text) {
    conversation.replace("card", StrictJson.object().put("id", id).put("text", text));
  }

  private static String text(ChatEvent event) {
    return StrictJson.parseObject(event.json()).path("text").asString("");
  }

  @Test
  void keepsWhatIsReplacedOnceAndTellsItAnew() {
    card("a", "asked");
    card("b", "asked");
    card("a", "done");

    assertThat(after(0)).extracting(ChatEvent::id).containsExactly("b", "a");
    assertThat(after(2)).extracting(ConversationTest::text).containsExactly("done");
  }

  @Test
  void letsAnAnswerOfManyPiecesPushNothingElseOut() {
    card("a", "done");
    for (int i = 0; i < 5_000; i++) {
      conversation.delta("answer", "word ");
    }

    List<ChatEvent> all = after(0);

    assertThat(all.getFirst().id()).isEqualTo("a");
    assertThat(all).hasSizeLessThan(250);
    assertThat(all.stream().skip(1).map(ConversationTest::text).reduce("", String::concat))
        .isEqualTo("word ".repeat(5_000));
  }

  @Test
  void cutsAnAnswerWithoutEnd() {
    for (int i = 0; i < 300; i++) {
      conversation.delta("answer", "x".repeat(1_000));
    }

    assertThat(after(0).stream().mapToInt(event -> text(event).length()).sum())
        .isEqualTo(Conversation.LONGEST_ANSWER);
  }

  @Test
  void forgetsTheOldestOfALongHistoryByNumberAndBySize() {
    for (int i = 0; i < 2_100; i++) {
      card("card-" + i, "done");
    }
    assertThat(after(0)).hasSize(2_000).last().extracting(ChatEvent::id).isEqualTo("card-2099");

    for (int i = 0; i < 300; i++) {
      card("large-" + i, "x".repeat(20_000));
    }

    assertThat(after(0).stream().mapToLong(event -> event.json().length()).sum())
        .isLessThanOrEqualTo(4_000_000);
    assertThat(after(0).getLast().id()).isEqualTo("large-299");
  }

  @Test
  void hasAMarkThatNoOtherHas() {
    assertThat(conversation.mark()).isNotEqualTo(new Conversation().mark()).hasSizeGreaterThan(20);
  }
}
