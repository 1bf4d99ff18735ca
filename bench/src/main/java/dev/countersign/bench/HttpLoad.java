package dev.countersign.bench;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Sends prepared requests over connections that stay open, and insists that each gets a 200.
final class HttpLoad {
  private final URI server;
  private final int connections;

  HttpLoad(URI server, int connections) {
    this.server = server;
    this.connections = connections;
  }

  /// As fast as the answers come, each connection one request at a time.
  Result flatOut(List<byte[]> requests) throws IOException {
    return send(requests, 0);
  }

  /// At a fixed rate, whatever the answers do. A request's time runs from when it was due, so that
  /// a server that stalls is charged for those that had to wait.
  Result atRate(List<byte[]> requests, double perSecond) throws IOException {
    return send(requests, (long) (1e9 / perSecond));
  }

  private Result send(List<byte[]> requests, long interval) throws IOException {
    double[] millis = new double[requests.size()];
    var next = new AtomicInteger();
    long begin = System.nanoTime();
    try (var threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      var workers = new ArrayList<Future<?>>();
      for (int i = 0; i < connections; i++) {
        workers.add(
            threads.submit(() -> {
              work(requests, interval, begin, next, millis);
              return null;
            }));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    } catch (ExecutionException failed) {
      throw new IOException(String.valueOf(failed.getCause()), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", interrupted);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    List<Double> sorted = Arrays.stream(millis).sorted().boxed().toList();
    return new Result(requests.size(), seconds, sorted);
  }

  private void work(
      List<byte[]> requests, long interval, long begin, AtomicInteger next, double[] millis)
      throws IOException {
    try (var connection = new RawConnection(server)) {
      for (int i = next.getAndIncrement(); i < requests.size(); i = next.getAndIncrement()) {
        long due = interval == 0 ? System.nanoTime() : begin + i * interval;
        for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
          LockSupport.parkNanos(wait);
        }
        RawConnection.Answer answer = connection.exchange(requests.get(i));
        millis[i] = (System.nanoTime() - due) / 1e6;
        if (answer.status() != 200) {
          next.set(requests.size());
          throw new IOException("answer " + answer.status() + ": " + answer.body());
        }
      }
    }
  }

  /// How a round went.
  ///
  /// @param sortedMillis the time of each answer
  record Result(int count, double seconds, List<Double> sortedMillis) {
    double perSecond() {
      return count / seconds;
    }

    double millisAt(double quantile) {
      int size = sortedMillis.size();
      return sortedMillis.get((int) Math.min(size - 1, Math.floor(quantile * size)));
    }
  }
}
