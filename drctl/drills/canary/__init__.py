"""The canary: numbered records written all the time, and the checker over each window of them, at every site."""
