import com.qcloud.cmq.Account;
import com.qcloud.cmq.CMQServerException;
import com.qcloud.cmq.Message;
import com.qcloud.cmq.Queue;
import com.qcloud.cmq.QueueMeta;
import com.qcloud.cmq.Subscription;
import com.qcloud.cmq.SubscriptionMeta;
import com.qcloud.cmq.Topic;
import com.qcloud.cmq.TopicMeta;
import com.qcloud.cmq.entity.CmqConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Vector;

/** Runs every action of com.qcloud:cmq-http-client. Each call prints one line: "ok NAME" or "FAIL NAME: REASON". */
public class CmqClient {
  interface Call<T> {
    T run() throws Exception;
  }

  interface Action {
    void run() throws Exception;
  }

  static final String AWKWARD = "中文 a=1&b=2+3%20 \"q\" @ _x_ \t\r\n 😀";

  static <T> T ok(String name, Call<T> call, Object wanted, java.util.function.Function<T, Object> view) {
    try {
      T got = call.run();
      Object seen = view.apply(got);
      if (seen.equals(wanted)) System.out.println("ok " + name);
      else System.out.println("FAIL " + name + ": expected " + wanted + ", got " + seen);
      return got;
    } catch (Exception error) {
      System.out.println("FAIL " + name + ": " + error);
      return null;
    }
  }

  static void ok(String name, Action action) {
    ok(name, () -> { action.run(); return true; }, true, done -> done);
  }

  static void refused(String name, int code, int module, Action action) {
    try {
      action.run();
      System.out.println("FAIL " + name + ": not refused");
    } catch (CMQServerException error) {
      // The exception has no accessors.
      boolean asCloud = error.toString().contains("" + code) && error.toString().contains("(" + module + ")");
      System.out.println(asCloud ? "ok " + name : "FAIL " + name + ": " + error);
    } catch (Exception error) {
      System.out.println("FAIL " + name + ": " + error);
    }
  }

  static void queues(Account account, String name) throws Exception {
    QueueMeta meta = new QueueMeta();
    meta.maxMsgHeapNum = 1000000;
    meta.visibilityTimeout = 30;
    meta.maxMsgSize = 65536;
    meta.msgRetentionSeconds = 345600;
    meta.rewindSeconds = 3600;
    ok("CreateQueue", () -> account.createQueue(name, meta));
    refused("CreateQueue again", 4460, 10550, () -> account.createQueue(name, meta));
    Queue queue = account.getQueue(name);
    meta.visibilityTimeout = 60;
    ok("SetQueueAttributes", () -> queue.setQueueAttributes(meta));
    ok("GetQueueAttributes", queue::getQueueAttributes, "60 3600 0",
        got -> got.visibilityTimeout + " " + got.rewindSeconds + " " + got.activeMsgNum);
    List<String> names = new ArrayList<>();
    ok("ListQueue", () -> account.listQueue(name, 0, 10, names), "1 [" + name + "]", count -> count + " " + names);
    refused("ReceiveMessage of nothing", 7000, 10200, () -> queue.receiveMessage(1));
    int started = (int) (System.currentTimeMillis() / 1000) - 1;
    String id = ok("SendMessage", () -> queue.sendMessage(AWKWARD), true, got -> got.matches("\\d+"));
    Message received = ok("ReceiveMessage", () -> queue.receiveMessage(5), id + AWKWARD + 1,
        got -> got.msgId + got.msgBody + got.dequeueCount);
    ok("DeleteMessage", () -> queue.deleteMessage(received.receiptHandle), 0, got -> (int) got.getCode());
    ok("send", () -> queue.send("plain", 0), true, got -> got.getMsgId().matches("\\d+"));
    Message plain = ok("ReceiveMessage without a wait", () -> queue.receiveMessage(), "plain", got -> got.msgBody);
    ok("DeleteMessage", () -> queue.deleteMessage(plain.receiptHandle), 0, got -> (int) got.getCode());
    ok("BatchSendMessage", () -> queue.batchSendMessage(List.of("a", "b")), 2, List::size);
    ok("batchSend", () -> queue.batchSend(List.of("c", "d"), 0), 2, List::size);
    List<Message> batch = ok("BatchReceiveMessage", () -> queue.batchReceiveMessage(16, 5), "abcd",
        got -> String.join("", got.stream().map(each -> each.msgBody).toList()));
    List<String> handles = batch.stream().map(each -> each.receiptHandle).toList();
    ok("BatchDeleteMessage", () -> queue.batchDeleteMessage(handles));
    refused("BatchDeleteMessage again", 6010, 10150, () -> queue.batchDeleteMessage(handles));
    ok("RewindQueue", () -> queue.rewindQueue(started));
    ok("ReceiveMessage rewound", () -> queue.receiveMessage(5), AWKWARD, got -> got.msgBody);
    refused("SendMessage of nothing", 4000, 10120, () -> queue.sendMessage(""));
  }

  static void topics(Account account, String name, String queue) throws Exception {
    ok("CreateTopic", () -> account.createTopic(name, 65536));
    refused("CreateTopic again", 4460, 10550, () -> account.createTopic(name, 65536));
    Topic topic = account.getTopic(name);
    ok("SetTopicAttributes", () -> topic.setTopicAttributes(2048));
    ok("GetTopicAttributes", topic::getTopicAttributes, "2048 86400", got -> got.maxMsgSize + " " + got.msgRetentionSeconds);
    List<String> names = new ArrayList<>();
    ok("ListTopic", () -> account.listTopic(name, names, 0, 10), "1 [" + name + "]", count -> count + " " + names);
    refused("PublishMessage to nobody", 6030, 10650, () -> topic.publishMessage("x"));
    ok("Subscribe", () -> account.createSubscribe(name, "sub", queue, "queue", List.of("a"), null, "BACKOFF_RETRY", "SIMPLIFIED"));
    refused("Subscribe again", 4490, 10470,
        () -> account.createSubscribe(name, "sub", queue, "queue", List.of("a"), null, "BACKOFF_RETRY", "SIMPLIFIED"));
    Subscription subscription = account.getSubscription(name, "sub");
    ok("GetSubscriptionAttributes", subscription::getSubscriptionAttributes, "queue SIMPLIFIED [a]",
        got -> got.Protocal + " " + got.NotifyContentFormat + " " + got.FilterTag);
    SubscriptionMeta change = new SubscriptionMeta();
    change.NotifyContentFormat = "SIMPLIFIED";
    change.FilterTag = new Vector<>(List.of("b"));
    ok("SetSubscriptionAttributes", () -> subscription.SetSubscriptionAttributes(change));
    List<String> subscriptions = new ArrayList<>();
    ok("ListSubscriptionByTopic", () -> topic.ListSubscription(0, 10, "sub", subscriptions), "1 [sub]",
        count -> count + " " + subscriptions);
    ok("PublishMessage", () -> topic.publishMessage(AWKWARD, List.of("b"), ""), true, got -> got.matches("\\d+"));
    refused("PublishMessage unmatched", 6030, 10730, () -> topic.publishMessage("x", List.of("z"), ""));
    ok("ClearSubscriptionFilterTags", subscription::ClearFilterTags);
    ok("BatchPublishMessage", () -> topic.batchPublishMessage(List.of("1", "2")), 2, List::size);
    refused("DeleteTopic in use", 4000, 10540, () -> account.deleteTopic(name));
    ok("Unsubscribe", () -> account.deleteSubscribe(name, "sub"));
    ok("DeleteTopic", () -> account.deleteTopic(name));
    refused("DeleteTopic again", 4440, 10600, () -> account.deleteTopic(name));
  }

  static void routes(Account account, String name, String queue) throws Exception {
    ok("CreateTopic by route", () -> account.createTopic(name, 65536, 2));
    ok("Subscribe by route",
        () -> account.createSubscribe(name, "sub", queue, "queue", null, List.of("a.*", "#.z"), "BACKOFF_RETRY", "SIMPLIFIED"));
    ok("GetSubscriptionAttributes by route", () -> account.getSubscription(name, "sub").getSubscriptionAttributes(), "[a.*, #.z]",
        got -> "" + got.bindingKey);
    Topic topic = account.getTopic(name);
    ok("PublishMessage by route", () -> topic.publishMessage("x", "a.b"), true, got -> got.matches("\\d+"));
    ok("BatchPublishMessage by route", () -> topic.batchPublishMessage(List.of("x", "y"), "q.z"), 2, List::size);
    refused("PublishMessage unmatched by route", 6030, 10730, () -> topic.publishMessage("x", "b"));
    refused("PublishMessage without a route", 4000, 10700, () -> topic.publishMessage("x"));
    ok("Unsubscribe by route", () -> account.deleteSubscribe(name, "sub"));
    ok("DeleteTopic by route", () -> account.deleteTopic(name));
  }

  static Account by(Account account, String secretId, String secretKey, String method, String sign) {
    if (method.equals("POST") && sign.equals("sha1")) return account;
    CmqConfig config = new CmqConfig();
    config.setEndpoint("http://ringback.example:8000");
    config.setSecretId(secretId);
    config.setSecretKey(secretKey);
    config.setMethod(method);
    config.setSignMethod(sign);
    return new Account(config);
  }

  public static void main(String[] args) throws Exception {
    String secretId = System.getenv("SECRET_ID");
    String secretKey = System.getenv("SECRET_KEY");
    Account account = new Account("http://ringback.example:8000", secretId, secretKey);
    for (String method : List.of("POST", "GET")) {
      for (String sign : List.of("sha1", "sha256")) {
        Account other = by(account, secretId, secretKey, method, sign);
        String name = "java-" + method + "-" + sign;
        queues(other, name);
        topics(other, name + "-t", name);
        routes(other, name + "-r", name);
        ok("DeleteQueue", () -> other.deleteQueue(name));
        refused("GetQueueAttributes of nothing", 4440, 10100, () -> other.getQueue(name).getQueueAttributes());
      }
    }
    Account wrong = new Account("http://ringback.example:8000", secretId, secretKey + "x");
    refused("a wrong key", 4100, 10030, () -> wrong.deleteQueue("x"));
    Account unknown = new Account("http://ringback.example:8000", secretId + "x", secretKey);
    refused("an unknown SecretId", 4100, 10270, () -> unknown.deleteQueue("x"));
    System.exit(0);
  }
}
