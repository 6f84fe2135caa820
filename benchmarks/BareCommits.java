import java.io.FileReader;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Seconds that Kafka's own admin client needs to commit positions for many groups, IN_FLIGHT at a time. It has done the
 * same once before for others, so that neither classes are loaded nor code is interpreted in what is measured.
 */
class BareCommits {
    static final int IN_FLIGHT = 64;

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.load(new FileReader(arguments[0]));
        settings.put("bootstrap.servers", arguments[1]);
        String topic = arguments[2], prefix = arguments[5];
        int partitions = Integer.parseInt(arguments[3]), groups = Integer.parseInt(arguments[4]);
        try (Admin admin = Admin.create(settings)) {
            admin.describeCluster().nodes().get();
            commit(admin, topic, partitions, groups, "warm-up-" + prefix);
            long began = System.nanoTime();
            commit(admin, topic, partitions, groups, prefix);
            System.out.println((System.nanoTime() - began) / 1e9);
        }
    }

    static void commit(Admin admin, String topic, int partitions, int groups, String prefix) throws Exception {
        Semaphore free = new Semaphore(IN_FLIGHT);
        Throwable[] failure = new Throwable[1];
        for (int group = 0; group < groups; group++) {
            Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
            for (int partition = 0; partition < partitions; partition++) {
                positions.put(new TopicPartition(topic, partition), new OffsetAndMetadata(group, "a stamp of about forty characters, drctl"));
            }
            free.acquire();
            admin.alterConsumerGroupOffsets(prefix + group, positions).all().whenComplete((done, error) -> {
                failure[0] = error == null ? failure[0] : error;
                free.release();
            });
        }
        free.acquire(IN_FLIGHT);
        if (failure[0] != null) {
            throw new RuntimeException(failure[0]);
        }
    }
}
