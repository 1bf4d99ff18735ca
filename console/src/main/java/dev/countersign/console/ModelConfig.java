package dev.countersign.console;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.util.Optional;

/// The language model of the chat, behind an OpenAI-compatible interface: OpenAI, Anthropic,
/// Ollama, vLLM and many others offer one.
///
/// @param baseUrl such as `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`
/// @param key the model provider's own, where it asks for one
public record ModelConfig(URI baseUrl, String name, Optional<Secret> key) {
  /// @throws IllegalArgumentException naming the key
  public ModelConfig {
    if (baseUrl.getHost() == null || baseUrl.getQuery() != null || baseUrl.getFragment() != null) {
      throw new IllegalArgumentException("`url` must be a URL without query and fragment");
    }
    if (name.isBlank()) {
      throw new IllegalArgumentException("`name` must name a model");
    }
  }
}
